-- The next rows of several channels' logs, each from its published position on, in order.
-- Read per channel and by position, never "id greater than the last seen": rows commit out of order,
-- but within a channel a visible position implies all lower ones.
-- $1 clubs, $2 heads, $3 dates (the partition key), $4 most rows per channel, $5 most bytes in all
select r.i, r.epoch, r.published_position, r.published_version, r.published_seq,
       r.position, r.version, r.kind, r.subject, r.type, r.at_ms, r.body
from (
    select u.i, p.epoch,
           coalesce(p.published_position, 0) as published_position,
           coalesce(p.published_version, 0) as published_version,
           coalesce(p.published_seq, 0) as published_seq,
           e.*, sum(octet_length(e.body)) over (order by u.i, e.position) as bytes
    from unnest($1::text[], $2::text[], $3::date[]) with ordinality as u (club, head, date, i)
    left join holdfast.progress p on p.club = u.club and p.head = u.head
    cross join lateral (
        select e.position, e.version, e.kind, e.subject, e.type, e.at_ms, e.body
        from holdfast.events e
        where e.club = u.club and e.head = u.head and e.date = u.date
            and e.position > coalesce(p.published_position, 0)
        order by e.position
        limit $4
    ) e
) r
where r.bytes - octet_length(r.body) < $5
order by r.i, r.position
