-- What customers have on one date or (date null) over all of them: head and active records, each at one
-- moment. $1 clubs, $2 heads, $3 venues, $4 dates, $5 customers. One without a head row is at 0, 0.
select u.club, u.head, coalesce(h.version, 0) as version, coalesce(h.stamp, 0) as stamp, r.records
from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::text[]) as u (club, head, venue, date, customer)
left join holdfast.heads h using (club, head)
left join lateral (
    select array_agg(r.doc) as records
    from holdfast.records r
    where r.club = u.club and r.customer_id = u.customer and r.venue = u.venue
        and (r.date = u.date or u.date is null) and r.active and r.kind in ('hold', 'booking')
) r on true
