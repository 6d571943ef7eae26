-- What is looked for in a stretch of the log of a venue, newest first, and the last row of the stretch in any
-- case; as in audit_of_channel. The stretch is bounded: what picks its rows is in the index, and partitions are
-- months.
-- $1 club, $2 venue, $3 first day of the months, $4 last day, $5 before ms, $6 before head, $7 before position,
-- $8 from ms, $9 types or null, $10 texts, $11 date or null, $12 slot or null, $13 rows in the stretch
select head, position, version, kind, at_ms, type, seen, body
from (
    select s.head, s.position, s.version, s.kind, s.at_ms, s.type, count(*) over () as seen,
           row_number() over (order by s.at_ms desc, s.head desc, s.position desc) as n,
           case when ($9::text[] is null or s.type = any ($9))
                     and ($11::date is null or s.date = $11)
                     and ($12::text is null or split_part(s.head, ':', 4) = $12)
                     and not exists (select from unnest($10::bytea[]) t (text) where position(t.text in s.body) = 0)
                then s.body end as body
    from (
        select e.head, e.position, e.version, e.kind, e.type, e.at_ms, e.date, e.body
        from holdfast.events e
        where e.club = $1 and e.venue = $2 and e.date >= $3 and e.date <= $4 and e.kind <> 'customer'
            and e.at_ms >= $8 and e.at_ms <= $5 and (e.at_ms, e.head, e.position) < ($5, $6, $7)
        order by e.at_ms desc, e.head desc, e.position desc
        limit $13
    ) s
) m
where m.body is not null or m.n = m.seen
order by m.at_ms desc, m.head desc, m.position desc
