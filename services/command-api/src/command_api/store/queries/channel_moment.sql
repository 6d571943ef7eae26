-- What a snapshot of a channel needs besides its state: the venue's revision, whether the channel has
-- a head, and how far it is published in the current epoch. No row: no such venue.
-- $1 club, $2 venue, $3 head
select v.revision, h.head is not null as known, coalesce(s.epoch, '') as epoch,
       coalesce(p.published_version, 0) as published_version, coalesce(p.published_seq, 0) as published_seq
from holdfast.venues v
left join holdfast.relay_state s on true
left join holdfast.heads h on h.club = v.club and h.head = $3
left join holdfast.progress p on p.club = v.club and p.head = $3 and p.epoch = s.epoch
where v.club = $1 and v.venue = $2
