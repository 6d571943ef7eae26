-- Begin an epoch: forget every sequence, and step back to before the retention window, so that what
-- the stream should hold is published again. Versions are dense and a channel's time never goes back,
-- so the window is the end of each log. The caller holds the lock on relay_state.
-- $1 epoch, $2 window in milliseconds, $3 last sequence of the stream
with began as (
    update holdfast.relay_state set epoch = $1, last_seq = $3
), recent as (
    select e.club, e.head, min(e.position) as position, min(e.version) as version
    from holdfast.events e
    where e.at_ms >= floor(extract(epoch from clock_timestamp()) * 1000) - $2::bigint
    group by e.club, e.head
), marks as (
    select p.club, p.head, r.position, r.version
    from holdfast.progress p
    left join recent r on r.club = p.club and r.head = p.head
)
update holdfast.progress p
set epoch = $1,
    published_seq = 0,
    published_position = least(p.published_position, m.position - 1),
    published_version = least(p.published_version, m.version - 1)
from marks m
where m.club = p.club and m.head = p.head
