-- The first schema. Run once by the owner role, in one transaction, under an advisory lock.
--
-- heads    carry a version and take part in the compare-and-set: channels, nights, venue definitions
-- claims   what takes a section now; the only source of availability
-- records  holds, bookings, blocks behind claims (documents, with what is searched by as columns)
-- events   the log: audit trail, outbox and history in one; dense positions per channel
-- commands what was answered: idempotency, and the look-up after an unknown outcome
-- progress what the relay has published, apart from heads, so that relay and writers share no row lock
--
-- Lock order, always: shared heads (venue definitions) first, then heads to be written, each set
-- sorted by (club, head); then everything else.


-- The tenants that the current statement may touch: set locally by whoever runs it, closed when unset.
-- A set, not one tenant: one append serves the commands of several clubs.
-- unnest() in a sub-select is hashed once per statement; `= any(current_setting(...))` is not.

create table holdfast.clubs (
    club        text primary key check (club ~ '^[A-Za-z0-9_-]{1,64}$'),
    name        text not null default '',
    created_ms  bigint not null
);

create table holdfast.venues (
    club            text not null references holdfast.clubs,
    venue           text not null check (venue ~ '^[A-Za-z0-9_-]{1,64}$'),
    revision        bigint not null check (revision >= 1),
    layout_version  bigint not null check (layout_version between 1 and revision),
    name            text not null,
    timezone        text not null,
    updated_ms      bigint not null,
    definition      bytea not null,
    primary key (club, venue)
);

create table holdfast.layouts (
    club            text not null,
    venue           text not null,
    layout_version  bigint not null,
    layout          bytea not null,
    primary key (club, venue, layout_version),
    foreign key (club, venue) references holdfast.venues
);

create table holdfast.heads (
    club        text not null,
    head        text not null,
    kind        text not null check (kind in ('channel', 'night', 'venue')),
    venue       text not null,
    date        date,
    slot        text,
    version     bigint not null default 0 check (version >= 0),
    position    bigint not null default 0 check (position >= version or kind <> 'channel'),
    stamp       bigint not null default 0,
    updated_ms  bigint not null default 0,
    primary key (club, head),
    foreign key (club, venue) references holdfast.venues,
    check ((kind = 'channel') = (slot is not null)),
    check ((kind = 'venue') = (date is null))
) with (fillfactor = 50);
-- Half-empty pages: a hot head is updated thousands of times a second, and stays HOT.

create index heads_of_venue on holdfast.heads (club, venue, date);

create table holdfast.records (
    club        text not null,
    id          text not null check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    kind        text not null check (kind in ('hold', 'booking', 'block')),
    status      text not null,
    active      boolean not null,
    head        text not null,
    venue       text not null,
    date        date not null,
    slot        text not null,
    customer_id text,
    reference   text,
    revision    bigint not null check (revision >= 1),
    created_ms  bigint not null,
    updated_ms  bigint not null,
    doc         bytea not null,
    primary key (club, id),
    foreign key (club, head) references holdfast.heads,
    check ((kind = 'booking') = (reference is not null))
);
create unique index records_reference on holdfast.records (club, reference) where reference is not null;
create index records_of_customer on holdfast.records (club, customer_id, created_ms) where customer_id is not null;
create index records_active on holdfast.records (club, head) where active;
create index records_ended on holdfast.records (updated_ms) where not active;

create table holdfast.claims (
    club        text not null,
    head        text not null,
    section     text not null,
    claim_id    text not null,
    kind        text not null check (kind in ('hold', 'pending', 'confirmed', 'block')),
    quantity    integer not null check (quantity >= 1),
    exclusive   boolean not null,
    expires_ms  bigint,
    doc         bytea not null,
    primary key (club, head, section, claim_id),
    foreign key (club, head) references holdfast.heads,
    foreign key (club, claim_id) references holdfast.records,
    check (kind <> 'hold' or expires_ms is not null)
);
-- A section of capacity 1 has one winner, whatever the code believes.
create unique index claims_exclusive on holdfast.claims (club, head, section)
    where exclusive and kind <> 'block';
create index claims_due on holdfast.claims (expires_ms) where expires_ms is not null;

create table holdfast.events (
    club        text not null,
    head        text not null,
    date        date not null,
    position    bigint not null check (position >= 1),
    version     bigint check (version >= 1),
    kind        text not null check (kind in ('availability', 'layout', 'notice', 'customer')),
    subject     text not null,
    type        text not null,
    record_id   text,
    command_id  text not null,
    at_ms       bigint not null,
    stamp       bigint not null default 0, -- the head's, after the append that wrote this row
    body        bytea not null,
    primary key (club, head, position, date),
    check ((version is not null) = (kind in ('availability', 'layout')))
) partition by range (date);
create unique index events_version on holdfast.events (club, head, version, date) where version is not null;
create index events_at on holdfast.events (at_ms);

create table holdfast.events_rest partition of holdfast.events default;

create table holdfast.commands (
    club        text not null,
    command_id  text not null,
    subject     text not null,
    key         text,
    hash        bytea not null,
    created     boolean not null,
    reply       bytea not null,
    at_ms       bigint not null,
    primary key (club, command_id)
);
create unique index commands_key on holdfast.commands (club, subject, key) where key is not null;
create index commands_at on holdfast.commands (at_ms);

-- One row: the history that the stream holds, and how far it was acknowledged.
create table holdfast.relay_state (
    one         boolean primary key default true check (one),
    epoch       text not null,
    last_seq    bigint not null check (last_seq >= 0)
);

create table holdfast.progress (
    club                text not null,
    head                text not null,
    epoch               text not null,
    published_position  bigint not null,
    published_version   bigint not null,
    published_seq       bigint not null,
    primary key (club, head),
    foreign key (club, head) references holdfast.heads on delete cascade
) with (fillfactor = 50);

-- Month partitions for the log, so that retention drops tables instead of deleting rows.
create function holdfast.ensure_partitions(from_date date, to_date date) returns void
language plpgsql security definer set search_path = pg_catalog, holdfast as $$
declare
    month date := date_trunc('month', from_date)::date;
    name  text;
begin
    while month <= to_date loop
        name := 'events_' || to_char(month, 'YYYY_MM');
        if to_regclass('holdfast.' || name) is null then
            execute format(
                'create table holdfast.%I partition of holdfast.events for values from (%L) to (%L)',
                name, month, (month + interval '1 month')::date);
        end if;
        month := (month + interval '1 month')::date;
    end loop;
end $$;

-- Row-level security on every tenant table, for owner and writers alike.
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'clubs', 'venues', 'layouts', 'heads', 'records', 'claims', 'events', 'commands', 'progress']
    loop
        execute format('alter table holdfast.%I enable row level security', tenant_table);
        execute format('alter table holdfast.%I force row level security', tenant_table);
        execute format(
            'create policy tenant on holdfast.%I to holdfast_writer using (club in '
            '(select unnest(nullif(current_setting(''holdfast.clubs'', true), '''')::text[])))',
            tenant_table);
        -- The relay, the sweeper and the platform's own listing look over all tenants.
        execute format(
            'create policy platform on holdfast.%I to holdfast_relay using (true) with check (true)',
            tenant_table);
    end loop;
end $$;

grant usage on schema holdfast to holdfast_writer, holdfast_relay;
grant select, insert, update on holdfast.clubs, holdfast.venues, holdfast.heads, holdfast.records to holdfast_writer;
grant select, insert on holdfast.layouts, holdfast.events, holdfast.commands to holdfast_writer;
grant select, insert, update, delete on holdfast.claims to holdfast_writer;
grant select on holdfast.progress, holdfast.relay_state to holdfast_writer;

grant select on all tables in schema holdfast to holdfast_relay;
grant insert, update, delete on holdfast.progress, holdfast.relay_state to holdfast_relay;
grant delete on holdfast.heads, holdfast.records, holdfast.commands, holdfast.claims to holdfast_relay;
revoke execute on function holdfast.ensure_partitions from public;
grant execute on function holdfast.ensure_partitions to holdfast_relay;

select holdfast.ensure_partitions((current_date - 62), (current_date + 460));
