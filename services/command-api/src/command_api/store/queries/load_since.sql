-- What happened on one channel after a position that the asker knows, if it knows this very history:
-- `known` is true where the log's row at that position bears the asker's stamp.
-- `redefined`: the venue's definition changed in between, which may take claims away without an event each.
-- $1 club, $2 head, $3 date, $4 position, $5 stamp, $6 most rows (more: `bodies` is null); `records` are ids that its rows name
select h.version, h.position, h.stamp, h.updated_ms, e.bodies, e.records, e.redefined,
       exists (
           select 1 from holdfast.events k
           where k.club = h.club and k.head = h.head and k.date = $3 and k.position = $4 and k.stamp = $5
       ) as known
from holdfast.heads h
left join lateral (
    select array_agg(e.body order by e.position) filter (where e.kind = 'availability') as bodies,
           array_agg(distinct e.record_id) filter (where e.record_id is not null) as records,
           bool_or(e.kind = 'layout') as redefined
    from holdfast.events e
    where e.club = h.club and e.head = h.head and e.date = $3 and e.position > $4
        and h.position - $4 <= $6
) e on true
where h.club = $1 and h.head = $2
