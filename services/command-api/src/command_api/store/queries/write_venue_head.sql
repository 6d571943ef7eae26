-- The definition's head, so that decisions made on it are fenced. $1 club, $2 venue, $3 revision,
-- $4 stamp, $5 now ms
insert into holdfast.heads (club, head, kind, venue, version, stamp, updated_ms)
values ($1, 'v:' || $2, 'venue', $2, $3, $4, $5)
on conflict (club, head) do update
    set version = excluded.version, stamp = excluded.stamp, updated_ms = excluded.updated_ms
