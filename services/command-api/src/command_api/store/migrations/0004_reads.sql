-- What reads need beside what is written: bookings found by name, telephone and e-mail; what bookings take
-- in money; the log by venue and time.

-- Words that a booking is found by. Personal data: they leave with the contact they were made of, and with
-- the record. `term` is `w:` and a word of the name, `p:` and the telephone's digits from the last to the
-- first, `e:` and the e-mail address. A plain index range finds prefixes under row-level security, which
-- text search and trigrams cannot: only operators that leak nothing may use an index before the policy.
-- Triggers on records keep them, and no foreign key, which would cost each word a look-up.
create table holdfast.booking_terms (
    club    text not null,
    venue   text not null,
    term    text collate "C" not null,
    id      text not null,
    primary key (club, venue, term, id)
);
create index booking_terms_of_booking on holdfast.booking_terms (club, id);

-- What each booking that counts takes, by category ('': none). Without personal data, and without a foreign
-- key: it stays when the record is forgotten, so that a year can be added up.
create table holdfast.takings (
    club        text not null,
    booking     text not null,
    category    text not null,
    venue       text not null,
    date        date not null,
    slot        text not null,
    status      text not null,
    currency    text not null,
    amount      bigint not null check (amount >= 0),
    primary key (club, booking, category)
);
create index takings_of_night on holdfast.takings (club, venue, date);

create index bookings_of_venue on holdfast.records (club, venue, created_ms, id) where kind = 'booking';
create index bookings_of_night on holdfast.records (club, venue, date, created_ms, id) where kind = 'booking';

-- The log by venue, newest first. Time order is also the order on disk, so the index over all tenants, which
-- only the making of a new epoch uses, can be of blocks, and a row of the log has no more indexes than before.
alter table holdfast.events add column venue text generated always as (split_part(head, ':', 2)) stored;
create index events_of_venue on holdfast.events (club, venue, at_ms, head, position) where kind <> 'customer';
drop index holdfast.events_at;
create index events_at on holdfast.events using brin (at_ms);

-- Keeps both tables to what a booking's record says. The document may have NUL in its texts, which jsonb
-- refuses; a blank stands for it (an escaped backslash before `u0000` stays one).
create function holdfast.index_booking() returns trigger
language plpgsql security invoker set search_path = holdfast, pg_catalog as $$
declare
    doc     jsonb := replace(convert_from(new.doc, 'UTF8'), '\u0000', '\u0020');
    total   bigint := (doc ->> 'total_amount')::bigint;
    paid    bigint := coalesce((doc ->> 'paid_amount')::bigint, 0);
    taken   bigint;
    wanted  text[];
begin
    wanted := array(
        select distinct left(t.term, 200)
        from (
            select 'w:' || w from unnest(string_to_array(new.name_key, ' ')) w where w <> ''
            union all
            select 'p:' || reverse(new.phone_key) where new.phone_key <> ''
            union all
            select 'e:' || lower(doc #>> '{contact,email}') where doc #>> '{contact,email}' <> ''
        ) t (term));
    if tg_op = 'UPDATE' then
        delete from booking_terms t
            where t.club = new.club and t.id = new.id and (t.venue <> new.venue or t.term <> all (wanted));
        delete from takings t where t.club = new.club and t.booking = new.id;
    end if;
    insert into booking_terms (club, venue, term, id)
        select new.club, new.venue, u.term, new.id from unnest(wanted) u (term)
        on conflict do nothing;

    -- A guest who did not come takes in what they had paid; all else its price.
    taken := case
        when new.status in ('confirmed', 'checked_in', 'completed') then total
        when new.status = 'no_show' and doc ->> 'payment_status' = 'paid'
            then case when paid > 0 then least(paid, total) else total end
        else 0
    end;
    if taken = 0 then
        return null;
    end if;
    if jsonb_array_length(doc -> 'items') = 1 then
        insert into takings (club, booking, category, venue, date, slot, status, currency, amount)
            values (new.club, new.id, coalesce(doc #>> '{items,0,categoryId}', ''), new.venue, new.date, new.slot,
                    new.status, doc ->> 'currency', taken);
        return null;
    end if;
    -- Split over the categories as the items are, rounded so that the parts make the whole.
    insert into takings (club, booking, category, venue, date, slot, status, currency, amount)
        select new.club, new.id, p.category, new.venue, new.date, new.slot, new.status, doc ->> 'currency',
               case when p.whole > 0 then div(p.upto * taken, p.whole) - div((p.upto - p.part) * taken, p.whole)
                    when p.first then taken else 0 end
        from (
            select s.category, s.part, sum(s.part) over (order by s.category) as upto,
                   sum(s.part) over () as whole, row_number() over (order by s.category) = 1 as first
            from (
                select coalesce(i ->> 'categoryId', '') as category, sum((i ->> 'amount')::numeric) as part
                from jsonb_array_elements(case when jsonb_array_length(doc -> 'items') > 0
                                               then doc -> 'items' else '[{"amount": 0}]' end) i
                group by 1
            ) s
        ) p;
    return null;
end $$;

create trigger index_booking after insert or update on holdfast.records
    for each row when (new.kind = 'booking') execute function holdfast.index_booking();

create function holdfast.forget_terms() returns trigger
language plpgsql security invoker set search_path = holdfast, pg_catalog as $$
begin
    delete from booking_terms t where t.club = old.club and t.id = old.id;
    return null;
end $$;

create trigger forget_terms after delete on holdfast.records
    for each row when (old.kind = 'booking') execute function holdfast.forget_terms();

-- Bookings from before: found by what their documents say. The owner sees no tenant's rows, but for this.
alter table holdfast.records no force row level security;
update holdfast.records r
    set name_key = trim(regexp_replace(lower(d.doc #>> '{contact,name}'), '[[:punct:][:space:][:cntrl:]]+', ' ', 'g')),
        phone_key = nullif(regexp_replace(d.doc #>> '{contact,phone}', '[^0-9]', '', 'g'), '')
    from (
        select b.club, b.id, replace(convert_from(b.doc, 'UTF8'), '\u0000', '\u0020')::jsonb as doc
        from holdfast.records b where b.kind = 'booking'
    ) d
    where r.club = d.club and r.id = d.id;
alter table holdfast.records force row level security;

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['booking_terms', 'takings'] loop
        execute format('alter table holdfast.%I enable row level security', tenant_table);
        execute format('alter table holdfast.%I force row level security', tenant_table);
        execute format(
            'create policy tenant on holdfast.%I to holdfast_writer using (club in '
            '(select unnest(nullif(current_setting(''holdfast.clubs'', true), '''')::text[])))',
            tenant_table);
        execute format(
            'create policy platform on holdfast.%I to holdfast_relay using (true) with check (true)',
            tenant_table);
    end loop;
end $$;

grant select, insert, update, delete on holdfast.booking_terms, holdfast.takings to holdfast_writer;
grant select, delete on holdfast.booking_terms to holdfast_relay;
grant select on holdfast.takings to holdfast_relay;
