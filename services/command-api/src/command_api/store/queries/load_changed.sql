-- Records of one channel that may have changed: those named by its log, and active ones changed since.
-- $1 club, $2 ids, $3 head, $4 since ms
select r.doc from holdfast.records r where r.club = $1 and r.id = any ($2)
union all
select r.doc from holdfast.records r
where r.club = $1 and r.head = $3 and r.active and r.updated_ms >= $4 and r.id <> all ($2)
