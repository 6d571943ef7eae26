-- How many places of several channels are taken, and when the first of the claims ends by the clock. What
-- is past its time takes nothing. `need` units of a lot are one place; a block takes all of its section.
-- $1 club, $2 heads, $3 the set of sections of each head, $4 now ms,
-- sections: $5 set, $6 section, $7 units, $8 lot; lots: $9 set, $10 lot, $11 units, $12 need;
-- units that never meet those of another slot: $13 head, $14 section, $15 units.
-- Channels without claims are not in the answer.
with section as materialized (
    select * from unnest($5::int[], $6::text[], $7::int[], $8::int[]) u (set, section, units, lot)
), lot as materialized (
    select * from unnest($9::int[], $10::int[], $11::int[], $12::int[]) u (set, lot, units, need)
), taken as materialized (
    select h.head, h.set, c.section, coalesce(sum(c.quantity) filter (where c.kind <> 'block'), 0) as units,
           bool_or(c.kind = 'block') as blocked, min(c.expires_ms) as until
    from unnest($2::text[], $3::int[]) h (head, set)
    join holdfast.claims c on c.club = $1 and c.head = h.head
    where c.expires_ms is null or c.expires_ms > $4
    group by h.head, h.set, c.section
), ends as (
    select t.head, min(t.until) as until from taken t group by t.head
), lots_taken as (
    select t.head, t.set, s.lot,
           sum(case when t.blocked then s.units else least(s.units, t.units - coalesce(x.units, 0)) end)::bigint as units
    from taken t
    join section s on s.set = t.set and s.section = t.section
    left join unnest($13::text[], $14::text[], $15::bigint[]) x (head, section, units)
        on x.head = t.head and x.section = t.section
    group by t.head, t.set, s.lot
), places as (
    select t.head, sum(l.units / l.need - (l.units - t.units) / l.need)::bigint as taken
    from lots_taken t
    join lot l on l.set = t.set and l.lot = t.lot
    group by t.head
)
select e.head, e.until, coalesce(p.taken, 0) as taken from ends e left join places p on p.head = e.head
