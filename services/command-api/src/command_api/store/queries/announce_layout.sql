-- A definition changed what snapshots show: one versioned event on every channel of the venue.
-- The venue's head is locked by the caller; channels are locked here, sorted, after it.
-- $1 club, $2 venue, $3 layout version, $4 stamp, $5 now ms, $6 command id
with locked as (
    select h.club, h.head from holdfast.heads h
    where h.club = $1 and h.venue = $2 and h.kind = 'channel'
    order by h.club, h.head
    for no key update
), moved as (
    update holdfast.heads h
    set version = h.version + 1, position = h.position + 1, stamp = $4, updated_ms = greatest(h.updated_ms, $5)
    from locked l
    where h.club = l.club and h.head = l.head
    returning h.club, h.head, h.date, h.slot, h.version, h.position, h.updated_ms
)
insert into holdfast.events
    (club, head, date, position, version, kind, subject, type, command_id, at_ms, stamp, body)
select m.club, m.head, m.date, m.position, m.version, 'layout',
       format('availability.v1.%s.%s.%s.%s', m.club, $2::text, m.date, m.slot),
       'holdfast.layout.updated.v1', $6, m.updated_ms, $4,
       convert_to(json_build_object(
           'eventType', 'layout.updated',
           'channel', format('availability:%s:%s:%s:%s', m.club, $2::text, m.date, m.slot),
           'layoutVersion', $3::bigint, 'version', m.version)::text, 'UTF8')
from moved m
returning club, head
