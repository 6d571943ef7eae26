-- What is taken of several channels, without what is past its time: `gone` are the sections of which nothing
-- is left whatever they are (one text, ids parted by spaces), `sections` those with room for many, by units.
-- $1 club, $2 heads, $3 now ms. Channels on which nothing ever happened are not in the answer.
select h.head, g.gone, m.sections, m.units
from unnest($2::text[]) u (head)
join holdfast.heads h on h.club = $1 and h.head = u.head
left join lateral (
    select string_agg(c.section, ' ') as gone
    from holdfast.claims c
    where c.club = $1 and c.head = u.head and (c.exclusive or c.kind = 'block')
        and (c.expires_ms is null or c.expires_ms > $3)
) g on true
left join lateral (
    select array_agg(s.section) as sections, array_agg(s.units) as units
    from (
        select c.section, sum(c.quantity) as units
        from holdfast.claims c
        where c.club = $1 and c.head = u.head and not c.exclusive and c.kind <> 'block'
            and (c.expires_ms is null or c.expires_ms > $3)
        group by c.section
    ) s
) m on true
