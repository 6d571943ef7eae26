#!/bin/sh
# The services' login: a member of the two roles that serve, and of nothing else. The roles' rights
# come with the migrations. Postgres runs this once, on an empty data folder.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$HOLDFAST_POSTGRES_PASSWORD" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role holdfast_writer nologin nobypassrls;
create role holdfast_relay nologin nobypassrls;
create role holdfast login nobypassrls password :'password' in role holdfast_writer, holdfast_relay;
SQL
