-- A channel's head at version 0, so that a change of the layout reaches it as a versioned event. The
-- share lock on the venue's head keeps such a change from passing by. Shared heads first, as always.
-- $1 club, $2 venue, $3 head, $4 date, $5 slot
with venue as (
    select 1 from holdfast.heads where club = $1 and head = 'v:' || $2 for share
)
insert into holdfast.heads (club, head, kind, venue, date, slot)
select $1, $3, 'channel', $2, $4, $5 where exists (select from venue)
on conflict do nothing
