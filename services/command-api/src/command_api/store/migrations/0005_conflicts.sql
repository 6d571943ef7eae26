-- Conflicts are few and listed by venue, newest first.
create index conflicts_of_venue on holdfast.records (club, venue, created_ms, id) where kind = 'conflict';
