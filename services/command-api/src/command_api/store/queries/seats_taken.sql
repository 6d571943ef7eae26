-- What is taken of several channels, by category: units booked (confirmed, or waiting for approval), held,
-- and blocked (what a block leaves out of sale besides). Units taken beyond what a section has do not count;
-- nor does what is past its time.
-- $1 club, $2 heads, $3 the set of sections of each head, $4 now ms,
-- sections: $5 set, $6 section, $7 units, $8 number of the category;
-- units that never meet those of another slot: $9 head, $10 section, $11 booked, $12 held
with section as materialized (
    select * from unnest($5::int[], $6::text[], $7::int[], $8::int[])
        with ordinality u (set, section, units, category, n)
), taken as (
    select h.n as head, s.n as section, s.category, s.units, bool_or(c.kind = 'block') as blocked,
           coalesce(sum(c.quantity) filter (where c.kind in ('confirmed', 'pending')), 0) as booked,
           coalesce(sum(c.quantity) filter (where c.kind = 'hold'), 0) as held
    from unnest($2::text[], $3::int[]) with ordinality h (head, set, n)
    join holdfast.claims c on c.club = $1 and c.head = h.head
    join section s on s.set = h.set and s.section = c.section
    where c.expires_ms is null or c.expires_ms > $4
    group by h.n, s.n, s.category, s.units
), apart as materialized (
    select h.n as head, s.n as section, u.booked, u.held
    from unnest($9::text[], $10::text[], $11::bigint[], $12::bigint[]) u (head, section, booked, held)
    join unnest($2::text[], $3::int[]) with ordinality h (head, set, n) on h.head = u.head
    join section s on s.set = h.set and s.section = u.section
), counted as (
    select t.head, t.category, t.units, t.blocked, b.booked,
           least(t.held - coalesce(a.held, 0), t.units - b.booked) as held
    from taken t
    left join apart a on a.head = t.head and a.section = t.section
    cross join lateral (select least(t.booked - coalesce(a.booked, 0), t.units) as booked) b
)
select ($2::text[])[c.head] as head, c.category, sum(c.booked)::bigint as booked, sum(c.held)::bigint as held,
       coalesce(sum(c.units - c.booked - c.held) filter (where c.blocked), 0)::bigint as blocked
from counted c
group by c.head, c.category
