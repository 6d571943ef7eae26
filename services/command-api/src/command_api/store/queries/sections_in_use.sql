-- Which of these sections have claims on nights to come (past ones bind nobody).
-- $1 club, $2 venue, $3 sections
select distinct c.section
from holdfast.heads h
join holdfast.claims c on c.club = h.club and c.head = h.head
where h.club = $1 and h.venue = $2 and h.kind = 'channel'
    and h.date >= (clock_timestamp() at time zone 'UTC')::date - 1 and c.section = any ($3)
order by c.section
