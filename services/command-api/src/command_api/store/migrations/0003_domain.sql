-- The whole booking domain: waitlist entries and conflicts beside holds, bookings and blocks; bookings
-- that move to another channel; series; search by name and phone; holds counted over a whole venue.

alter table holdfast.records drop constraint records_kind_check;
alter table holdfast.records add constraint records_kind_check
    check (kind in ('hold', 'booking', 'block', 'entry', 'conflict'));
alter table holdfast.records add column series text;
-- Personal data: what is searched by, cleared with the rest when it is erased.
alter table holdfast.records add column name_key text;
alter table holdfast.records add column phone_key text;
create index records_of_series on holdfast.records (club, series) where series is not null;

-- `holder`: what one customer has at one venue over all dates, and so without a date.
alter table holdfast.heads drop constraint heads_kind_check;
alter table holdfast.heads add constraint heads_kind_check
    check (kind in ('channel', 'night', 'holder', 'venue'));
alter table holdfast.heads drop constraint heads_check2;
alter table holdfast.heads add constraint heads_check2 check ((kind in ('venue', 'holder')) = (date is null));

-- The one write, as before (its invariants and lock order stand in 0002), with the new columns; and a
-- record may change its channel.
drop function holdfast.append(
    text[], int[], text[], text[], text[], text[], text[], text[], text[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[], int[], boolean[], text[], text[], text[], text[],
    bytea[], boolean[], bytea[], int[], text[], text[], text[], bigint[], bigint[], text[], text[], text[],
    text[], text[], bigint[], bigint[], bytea[], int[], text[], text[], text[], text[], boolean[], text[],
    text[], text[], text[], text[], text[], bigint[], bigint[], bigint[], bytea[], int[], text[], text[],
    text[], text[], int[], text[], text[], text[], text[], text[], int[], boolean[], bigint[], bytea[]);

create function holdfast.append(
    p_clubs text[],
    -- heads: one row per group and head
    h_group int[], h_mode text[], h_club text[], h_head text[], h_kind text[], h_venue text[], h_date text[],
    h_slot text[], h_version bigint[], h_stamp bigint[], h_next_version bigint[], h_next_position bigint[],
    h_next_stamp bigint[], h_next_ms bigint[],
    -- groups: the window of time that the group relies on (null: no bound), by group number from 0
    g_from bigint[], g_until bigint[],
    -- commands: all that are to be answered; c_write: whether its group writes it
    c_group int[], c_write boolean[], c_club text[], c_id text[], c_subject text[], c_key text[],
    c_hash bytea[], c_created boolean[], c_reply bytea[],
    -- events
    e_group int[], e_club text[], e_head text[], e_date text[], e_position bigint[], e_version bigint[],
    e_kind text[], e_subject text[], e_type text[], e_record text[], e_command text[], e_ms bigint[],
    e_stamp bigint[], e_body bytea[],
    -- records, whole new values
    r_group int[], r_club text[], r_id text[], r_kind text[], r_status text[], r_active boolean[],
    r_head text[], r_venue text[], r_date text[], r_slot text[], r_customer text[], r_reference text[],
    r_series text[], r_name text[], r_phone text[],
    r_revision bigint[], r_created_ms bigint[], r_updated_ms bigint[], r_doc bytea[],
    -- claims that leave, then claims that come or change
    d_group int[], d_club text[], d_head text[], d_section text[], d_claim text[],
    p_group int[], p_club text[], p_head text[], p_section text[], p_claim text[], p_kind text[],
    p_quantity int[], p_exclusive boolean[], p_expires bigint[], p_doc bytea[],
    -- results
    out now_ms bigint,
    out lost int[],
    out late int[],
    out dup_index int[], out dup_command text[], out dup_hash bytea[], out dup_created boolean[], out dup_reply bytea[]
)
language plpgsql security invoker as $$
declare
    bad int[];
    wanted int;
    written int;
begin
    perform set_config('holdfast.clubs', p_clubs::text, true);

    insert into heads (club, head, kind, venue, date, slot)
        select distinct u.club, u.head, u.kind, u.venue, u.date::date, u.slot
        from unnest(h_mode, h_club, h_head, h_kind, h_venue, h_date, h_slot, h_version, h_stamp)
            as u (mode, club, head, kind, venue, date, slot, version, stamp)
        where u.mode = 'w' and u.version = 0 and u.stamp = 0
        order by u.club, u.head
        on conflict do nothing;

    perform 1 from heads h
        where (h.club, h.head) in (
            select u.club, u.head from unnest(h_mode, h_club, h_head) as u (mode, club, head) where u.mode = 's')
        order by h.club, h.head
        for share;

    perform 1 from heads h
        where (h.club, h.head) in (
            select u.club, u.head from unnest(h_mode, h_club, h_head) as u (mode, club, head) where u.mode = 'w')
        order by h.club, h.head
        for no key update;

    now_ms := floor(extract(epoch from clock_timestamp()) * 1000);

    select array_agg(distinct u.g) into lost
        from unnest(h_group, h_club, h_head, h_version, h_stamp) as u (g, club, head, version, stamp)
        left join heads h on h.club = u.club and h.head = u.head
        where coalesce(h.version, 0) <> u.version or coalesce(h.stamp, 0) <> u.stamp;

    select array_agg(u.g - 1) into late
        from unnest(g_from, g_until) with ordinality as u (valid_from, valid_until, g)
        where u.valid_from > now_ms or u.valid_until <= now_ms;

    -- Two look-ups by index: an `or` in one join would read the whole table.
    select array_agg(d.i - 1), array_agg(d.command_id), array_agg(d.hash), array_agg(d.created), array_agg(d.reply)
        into dup_index, dup_command, dup_hash, dup_created, dup_reply
        from (
            select u.i, k.command_id, k.hash, k.created, k.reply
            from unnest(c_club, c_id) with ordinality as u (club, id, i)
            join commands k on k.club = u.club and k.command_id = u.id
            union
            select u.i, k.command_id, k.hash, k.created, k.reply
            from unnest(c_club, c_subject, c_key) with ordinality as u (club, subject, key, i)
            join commands k on k.club = u.club and k.subject = u.subject and k.key = u.key
        ) d;

    bad := coalesce(lost, '{}') || coalesce(late, '{}') || coalesce(
        (select array_agg(distinct c_group[i + 1]) from unnest(dup_index) i where c_write[i + 1]), '{}');

    wanted := (select count(*) from unnest(c_group, c_write) as u (g, write) where u.write and u.g <> all (bad));
    if wanted = 0 then
        return;
    end if;

    insert into commands (club, command_id, subject, key, hash, created, reply, at_ms)
        select u.club, u.id, u.subject, u.key, u.hash, u.created, u.reply, now_ms
        from unnest(c_group, c_write, c_club, c_id, c_subject, c_key, c_hash, c_created, c_reply)
            as u (g, write, club, id, subject, key, hash, created, reply)
        where u.write and u.g <> all (bad)
        on conflict do nothing;
    get diagnostics written = row_count;
    if written <> wanted then
        -- Another replica answered one of them between our look and our insert: start over.
        raise exception using errcode = 'serialization_failure', message = 'a command was answered elsewhere';
    end if;

    update heads h
        set version = u.next_version, position = u.next_position, stamp = u.next_stamp, updated_ms = u.next_ms
        from unnest(h_group, h_mode, h_club, h_head, h_next_version, h_next_position, h_next_stamp, h_next_ms)
            as u (g, mode, club, head, next_version, next_position, next_stamp, next_ms)
        where h.club = u.club and h.head = u.head and u.mode = 'w' and u.g <> all (bad);

    insert into events
        (club, head, date, position, version, kind, subject, type, record_id, command_id, at_ms, stamp, body)
        select u.club, u.head, u.date::date, u.position, u.version, u.kind, u.subject, u.type, u.record,
               u.command, u.ms, u.stamp, u.body
        from unnest(e_group, e_club, e_head, e_date, e_position, e_version, e_kind, e_subject, e_type,
                    e_record, e_command, e_ms, e_stamp, e_body)
            as u (g, club, head, date, position, version, kind, subject, type, record, command, ms, stamp, body)
        where u.g <> all (bad);

    insert into records
        (club, id, kind, status, active, head, venue, date, slot, customer_id, reference, series,
         name_key, phone_key, revision, created_ms, updated_ms, doc)
        select u.club, u.id, u.kind, u.status, u.active, u.head, u.venue, u.date::date, u.slot, u.customer,
               u.reference, u.series, u.name_key, u.phone_key, u.revision,
               u.created_ms, u.updated_ms, u.doc
        from unnest(r_group, r_club, r_id, r_kind, r_status, r_active, r_head, r_venue, r_date, r_slot,
                    r_customer, r_reference, r_series, r_name, r_phone, r_revision, r_created_ms, r_updated_ms,
                    r_doc)
            as u (g, club, id, kind, status, active, head, venue, date, slot, customer, reference, series,
                  name_key, phone_key, revision, created_ms, updated_ms, doc)
        where u.g <> all (bad)
        on conflict (club, id) do update
            set status = excluded.status, active = excluded.active, customer_id = excluded.customer_id,
                head = excluded.head, venue = excluded.venue, date = excluded.date, slot = excluded.slot,
                name_key = excluded.name_key, phone_key = excluded.phone_key,
                revision = excluded.revision, updated_ms = excluded.updated_ms, doc = excluded.doc;

    delete from claims c
        using unnest(d_group, d_club, d_head, d_section, d_claim) as u (g, club, head, section, claim)
        where c.club = u.club and c.head = u.head and c.section = u.section and c.claim_id = u.claim
            and u.g <> all (bad);

    insert into claims
        (club, head, section, claim_id, kind, quantity, exclusive, expires_ms, doc)
        select u.club, u.head, u.section, u.claim, u.kind, u.quantity, u.exclusive, u.expires, u.doc
        from unnest(p_group, p_club, p_head, p_section, p_claim, p_kind, p_quantity, p_exclusive, p_expires, p_doc)
            as u (g, club, head, section, claim, kind, quantity, exclusive, expires, doc)
        where u.g <> all (bad)
        on conflict (club, head, section, claim_id) do update
            set kind = excluded.kind, quantity = excluded.quantity, exclusive = excluded.exclusive,
                expires_ms = excluded.expires_ms, doc = excluded.doc;
end $$;

-- Every look-up is by a unique index. Plans are cached, and a plan made while the tables were small
-- would read whole tables for ever after; so the other ways are closed.
alter function holdfast.append set search_path = holdfast, pg_catalog;
alter function holdfast.append set enable_seqscan = off;
alter function holdfast.append set enable_hashjoin = off;
alter function holdfast.append set enable_mergejoin = off;
revoke execute on function holdfast.append from public;
grant execute on function holdfast.append to holdfast_writer;
