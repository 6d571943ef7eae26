-- Which of these slots have claims on nights to come. $1 club, $2 venue, $3 slots
select distinct h.slot
from holdfast.heads h
where h.club = $1 and h.venue = $2 and h.kind = 'channel' and h.slot = any ($3)
    and h.date >= (clock_timestamp() at time zone 'UTC')::date - 1
    and exists (select 1 from holdfast.claims c where c.club = h.club and c.head = h.head)
order by h.slot
