-- Roles and the schema, made once by a login that may create roles. Safe to run again, and beside
-- another run in another database of the same server (roles belong to the server).
do $$
declare
    wanted text;
begin
    foreach wanted in array array['holdfast_owner', 'holdfast_writer', 'holdfast_relay'] loop
        begin
            execute format('create role %I nologin nobypassrls', wanted);
        exception when duplicate_object or unique_violation then
            null;
        end;
        if not pg_has_role(current_user, wanted, 'set') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
    execute format('grant create on database %I to holdfast_owner', current_database());
end $$;

create schema if not exists holdfast authorization holdfast_owner;
create table if not exists holdfast.migrations (
    name        text primary key,
    sha256      text not null,
    applied_at  timestamptz not null default clock_timestamp()
);
alter table holdfast.migrations owner to holdfast_owner;
