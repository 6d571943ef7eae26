-- One page of a venue's conflicts, newest first.
-- $1 club, $2 venue, $3 status or null, $4 service date or null, $5 before ms, $6 before id, $7 limit
select r.doc from holdfast.records r
where r.club = $1 and r.venue = $2 and r.kind = 'conflict'
    and ($3::text is null or r.status = $3)
    and ($4::date is null or r.date = $4)
    and r.created_ms <= $5 and (r.created_ms, r.id) < ($5, $6)
order by r.created_ms desc, r.id desc
limit $7
