-- Venue definitions with the stamp of their head, at one moment.
-- $1 clubs, $2 venues
select v.club, v.venue, v.revision, v.layout_version, v.updated_ms, v.definition, h.stamp
from unnest($1::text[], $2::text[]) as u (club, venue)
join holdfast.venues v using (club, venue)
join holdfast.heads h on h.club = v.club and h.head = 'v:' || v.venue
