-- One channel's version, and the body of one of its versioned events (null: no such event).
-- $1 club, $2 head, $3 date, $4 version
select h.version, e.body
from holdfast.heads h
left join holdfast.events e
    on e.club = h.club and e.head = h.head and e.date = $3 and e.version = $4
where h.club = $1 and h.head = $2
