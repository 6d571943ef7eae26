-- What is taken of several channels, by category: units booked (confirmed, or waiting for approval), held,
-- and blocked (what a block leaves out of sale besides). Units taken beyond what a section has do not count;
-- nor does what is past its time.
-- $1 club, $2 heads, $3 the set of sections of each head, $4 now ms,
-- sections: $5 set, $6 section, $7 units, $8 number of the category;
-- units that never meet those of another slot: $9 head, $10 section, $11 booked, $12 held
with section as materialized (
    select * from unnest($5::int[], $6::text[], $7::int[], $8::int[]) u (set, section, units, category)
), taken as materialized (
    select h.head, h.set, c.section, bool_or(c.kind = 'block') as blocked,
           coalesce(sum(c.quantity) filter (where c.kind in ('confirmed', 'pending')), 0) as booked,
           coalesce(sum(c.quantity) filter (where c.kind = 'hold'), 0) as held
    from unnest($2::text[], $3::int[]) h (head, set)
    join holdfast.claims c on c.club = $1 and c.head = h.head
    where c.expires_ms is null or c.expires_ms > $4
    group by h.head, h.set, c.section
), counted as (
    select t.head, s.category, s.units, t.blocked, b.booked,
           least(t.held - coalesce(x.held, 0), s.units - b.booked) as held
    from taken t
    join section s on s.set = t.set and s.section = t.section
    left join unnest($9::text[], $10::text[], $11::bigint[], $12::bigint[]) x (head, section, booked, held)
        on x.head = t.head and x.section = t.section
    cross join lateral (select least(t.booked - coalesce(x.booked, 0), s.units) as booked) b
)
select c.head, c.category, sum(c.booked)::bigint as booked, sum(c.held)::bigint as held,
       coalesce(sum(c.units - c.booked - c.held) filter (where c.blocked), 0)::bigint as blocked
from counted c
group by c.head, c.category
