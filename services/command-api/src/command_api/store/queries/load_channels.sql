-- Channels as they stand, each at one moment (one statement, one snapshot): head, claims, active records,
-- and customers' holds that ended a short while ago, the last ones of them, the first one first.
-- $1 clubs, $2 heads, $3 how long ago (ms), $4 how many. Channels without a row are not in the answer.
select h.club, h.head, h.version, h.position, h.stamp, h.updated_ms, c.sections, c.docs, r.records, e.ended
from unnest($1::text[], $2::text[]) as u (club, head)
join holdfast.heads h using (club, head)
left join lateral (
    select array_agg(c.section order by c.section, c.claim_id) as sections,
           array_agg(c.doc order by c.section, c.claim_id) as docs
    from holdfast.claims c where c.club = h.club and c.head = h.head
) c on true
left join lateral (
    select array_agg(r.doc) as records
    from holdfast.records r where r.club = h.club and r.head = h.head and r.active
) r on true
left join lateral (
    select array_agg(l.doc order by l.updated_ms) as ended
    from (
        select r.doc, r.updated_ms from holdfast.records r
        where r.club = h.club and r.head = h.head and r.kind = 'hold' and not r.active
            and r.customer_id is not null and r.status in ('released', 'expired')
            and r.updated_ms > (extract(epoch from statement_timestamp()) * 1000)::bigint - $3
        order by r.updated_ms desc limit $4
    ) l
) e on true
