-- How many places of several channels are taken, and when the first of the claims ends by the clock. What
-- is past its time takes nothing. `need` units of a lot are one place; a block takes all of its section.
-- $1 club, $2 heads, $3 the set of sections of each head, $4 now ms,
-- sections: $5 set, $6 section, $7 units, $8 lot; lots: $9 set, $10 lot, $11 units, $12 need;
-- units that never meet those of another slot: $13 head, $14 section, $15 units.
-- Channels without claims are not in the answer. Grouped by numbers, which are a third of the ids' size.
with section as materialized (
    select * from unnest($5::int[], $6::text[], $7::int[], $8::int[]) with ordinality u (set, section, units, lot, n)
), lot as materialized (
    select * from unnest($9::int[], $10::int[], $11::int[], $12::int[]) u (set, lot, units, need)
), taken as (
    select h.n as head, h.set, s.n as section, s.lot, s.units as whole,
           coalesce(sum(c.quantity) filter (where c.kind <> 'block'), 0) as units,
           bool_or(c.kind = 'block') as blocked, min(c.expires_ms) as until
    from unnest($2::text[], $3::int[]) with ordinality h (head, set, n)
    join holdfast.claims c on c.club = $1 and c.head = h.head
    join section s on s.set = h.set and s.section = c.section
    where c.expires_ms is null or c.expires_ms > $4
    group by h.n, h.set, s.n, s.lot, s.units
), apart as materialized (
    select h.n as head, s.n as section, u.units
    from unnest($13::text[], $14::text[], $15::bigint[]) u (head, section, units)
    join unnest($2::text[], $3::int[]) with ordinality h (head, set, n) on h.head = u.head
    join section s on s.set = h.set and s.section = u.section
), lots_taken as (
    select t.head, t.set, t.lot, min(t.until) as until,
           sum(case when t.blocked then t.whole else least(t.whole, t.units - coalesce(a.units, 0)) end)::bigint as units
    from taken t
    left join apart a on a.head = t.head and a.section = t.section
    group by t.head, t.set, t.lot
)
select ($2::text[])[t.head] as head, min(t.until) as until,
       sum(l.units / l.need - (l.units - t.units) / l.need)::bigint as taken
from lots_taken t
join lot l on l.set = t.set and l.lot = t.lot
group by t.head
