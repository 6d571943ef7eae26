-- The claims of some sections of a channel, counted, with the channel's version, at one moment.
-- $1 club, $2 head, $3 sections (null: all). No row: nothing happened on the channel yet.
select h.version, t.sections, t.taken, t.holds, t.pending, t.confirmed, t.blocks, t.barred
from holdfast.heads h
left join lateral (
    select array_agg(s.section) as sections, array_agg(s.taken) as taken, array_agg(s.holds) as holds,
           array_agg(s.pending) as pending, array_agg(s.confirmed) as confirmed, array_agg(s.blocks) as blocks,
           array_agg(s.barred) as barred
    from (
        select c.section, sum(c.quantity) as taken,
               count(*) filter (where c.kind = 'hold') as holds,
               count(*) filter (where c.kind = 'pending') as pending,
               count(*) filter (where c.kind = 'confirmed') as confirmed,
               count(*) filter (where c.kind = 'block') as blocks,
               coalesce(sum(c.quantity) filter (where c.kind = 'block'), 0) as barred
        from holdfast.claims c
        where c.club = h.club and c.head = h.head and ($3::text[] is null or c.section = any ($3))
        group by c.section
    ) s
) t on true
where h.club = $1 and h.head = $2
