-- One page of a venue's bookings, newest first.
-- $1 club, $2 venue, $3 customer or null, $4 statuses or null, $5 first date, $6 last date, $7 slot or null,
-- $8 before ms, $9 before id, $10 limit
select r.doc from holdfast.records r
where r.club = $1 and r.venue = $2 and r.kind = 'booking'
    and ($3::text is null or r.customer_id = $3)
    and ($4::text[] is null or r.status = any ($4))
    and r.date >= $5 and r.date <= $6
    and ($7::text is null or r.slot = $7)
    and r.created_ms <= $8 and (r.created_ms, r.id) < ($8, $9)
order by r.created_ms desc, r.id desc
limit $10
