-- Store a definition (new or changed). $1 club, $2 venue, $3 revision, $4 layout version, $5 name,
-- $6 timezone, $7 now ms, $8 definition
insert into holdfast.venues (club, venue, revision, layout_version, name, timezone, updated_ms, definition)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (club, venue) do update
    set revision = excluded.revision, layout_version = excluded.layout_version, name = excluded.name,
        timezone = excluded.timezone, updated_ms = excluded.updated_ms, definition = excluded.definition
