-- Which of these sections have claims on any channel of the venue. $1 club, $2 venue, $3 sections
select distinct c.section
from holdfast.heads h
join holdfast.claims c on c.club = h.club and c.head = h.head
where h.club = $1 and h.venue = $2 and h.kind = 'channel' and c.section = any ($3)
order by c.section
