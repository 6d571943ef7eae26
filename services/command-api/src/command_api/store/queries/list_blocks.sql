-- One page of the blocks that stand on a venue's date, or on one slot of it, newest first. Few heads, each
-- with an index of what is active: ended records are never read.
-- $1 club, $2 venue, $3 date, $4 slot or null, $5 before ms, $6 before id, $7 limit
select r.doc
from holdfast.heads h
join holdfast.records r on r.club = h.club and r.head = h.head and r.active and r.kind = 'block'
where h.club = $1 and h.venue = $2 and h.kind = 'channel' and h.date = $3
    and ($4::text is null or h.slot = $4)
    and (r.created_ms, r.id) < ($5, $6)
order by r.created_ms desc, r.id desc
limit $7
