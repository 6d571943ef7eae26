-- One page of a customer's records, newest first.
-- $1 club, $2 customer, $3 venue or null, $4 kind, $5 active, $6 before ms, $7 before id, $8 limit
select r.doc from holdfast.records r
where r.club = $1 and r.customer_id = $2 and r.kind = $4 and r.active = $5
    and ($3::text is null or r.venue = $3)
    and (r.created_ms, r.id) < ($6, case when $7 = '' then '~' else $7 end)
order by r.created_ms desc, r.id desc
limit $8
