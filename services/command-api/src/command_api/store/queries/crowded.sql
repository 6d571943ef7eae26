-- Units of sections with room for many that lie in a channel because of several other channels, whose slots
-- overlap its own, by those channels' names.
-- $1 club, $2 heads, $3 sections, $4 now ms (null: what is past its time counts too)
select head, section, home, booked, held
from (
    select c.head, c.section, m.home, count(*) over (partition by c.head, c.section) as homes,
           coalesce(sum(c.quantity) filter (where c.kind <> 'hold'), 0)::bigint as booked,
           coalesce(sum(c.quantity) filter (where c.kind = 'hold'), 0)::bigint as held
    from unnest($2::text[]) h (head)
    join holdfast.claims c on c.club = $1 and c.head = h.head and c.section = any ($3)
    cross join lateral (
        select substring(convert_from(c.doc, 'UTF8') from '"channel":"([^"]+)"') as home
    ) m
    where m.home is not null and c.kind <> 'block' and not c.exclusive
        and ($4::bigint is null or c.expires_ms is null or c.expires_ms > $4)
    group by c.head, c.section, m.home
) s
where s.homes > 1
