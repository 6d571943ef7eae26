-- Create or rename a club. $1 club, $2 name, $3 now ms. `created`: it is new.
insert into holdfast.clubs (club, name, created_ms) values ($1, $2, $3)
on conflict (club) do update set name = excluded.name
returning name, created_ms, (xmax = 0) as created
