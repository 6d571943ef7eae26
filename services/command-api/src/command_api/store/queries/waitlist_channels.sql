-- Channels where somebody waits, with the revision of their venue. $1 behind club, $2 behind head, $3 limit
select w.club, w.head, v.revision
from (
    select distinct r.club, r.head, r.venue from holdfast.records r
    where r.active and r.kind = 'entry' and r.status = 'waiting' and (r.club, r.head) > ($1, $2)
    order by r.club, r.head limit $3
) w
join holdfast.venues v on v.club = w.club and v.venue = w.venue
order by w.club, w.head
