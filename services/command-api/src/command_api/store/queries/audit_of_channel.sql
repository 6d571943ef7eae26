-- What is looked for in a stretch of one channel's log, newest first, and the last row of the stretch in any
-- case (`body` is null where it is not looked for). A channel's time never goes back, so by position is by
-- time. A body has all of the texts, or is not looked for.
-- $1 club, $2 head, $3 date, $4 before position, $5 from ms, $6 until ms, $7 types or null, $8 texts,
-- $9 rows in the stretch. `seen`: how many there were.
select head, position, version, kind, at_ms, type, seen, body
from (
    select s.head, s.position, s.version, s.kind, s.at_ms, s.type, count(*) over () as seen,
           row_number() over (order by s.position desc) as n,
           case when ($7::text[] is null or s.type = any ($7))
                     and not exists (select from unnest($8::bytea[]) t (text) where position(t.text in s.body) = 0)
                then s.body end as body
    from (
        select e.head, e.position, e.version, e.kind, e.type, e.at_ms, e.body
        from holdfast.events e
        where e.club = $1 and e.head = $2 and e.date = $3 and e.position < $4 and e.kind <> 'customer'
            and e.at_ms >= $5 and e.at_ms < $6
        order by e.position desc
        limit $9
    ) s
) m
where m.body is not null or m.n = m.seen
order by m.position desc
