-- One page of the bookings that are found by what they were made for, newest first: by reference; by the
-- end of a telephone number or the beginning of an e-mail address; or by the beginnings of words of the
-- name, all of them. Costs what is found, before the other filters.
-- $1 club, $2 venue, $3 customer or null, $4 statuses or null, $5 first date, $6 last date, $7 slot or null,
-- $8 before ms, $9 before id, $10 limit, $11 reference or null, $12 ranges of terms of which one will do
-- (from), $13 (until), $14 ranges that must all have one (from), $15 (until)
with found as (
    select r.id from holdfast.records r where r.club = $1 and r.reference = $11
    union
    select t.id
    from unnest($12::text[], $13::text[]) u (first, beyond)
    join holdfast.booking_terms t
        on t.club = $1 and t.venue = $2 and t.term >= u.first and t.term < u.beyond
    union
    select t.id
    from unnest($14::text[], $15::text[]) with ordinality u (first, beyond, word)
    join holdfast.booking_terms t
        on t.club = $1 and t.venue = $2 and t.term >= u.first and t.term < u.beyond
    group by t.id
    having count(distinct u.word) = cardinality($14)
)
-- `offset 0`: each is looked up by its key. How many are found cannot be known beforehand, and for a few the
-- whole table would be read.
select r.doc
from found f
cross join lateral (
    select * from holdfast.records r where r.club = $1 and r.id = f.id offset 0
) r
where r.venue = $2 and r.kind = 'booking'
    and ($3::text is null or r.customer_id = $3)
    and ($4::text[] is null or r.status = any ($4))
    and r.date >= $5 and r.date <= $6
    and ($7::text is null or r.slot = $7)
    and (r.created_ms, r.id) < ($8, $9)
order by r.created_ms desc, r.id desc
limit $10
