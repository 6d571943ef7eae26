-- The queue of a channel: active entries in their order. $1 club, $2 head
select r.doc from holdfast.records r
where r.club = $1 and r.head = $2 and r.active and r.kind = 'entry'
order by r.created_ms, r.id collate "C"
