-- Channels as they stand, each at one moment (one statement, one snapshot): head, claims, active records.
-- $1 clubs, $2 heads. Channels without a row are not in the answer.
select h.club, h.head, h.version, h.position, h.stamp, h.updated_ms, c.sections, c.docs, r.records
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
