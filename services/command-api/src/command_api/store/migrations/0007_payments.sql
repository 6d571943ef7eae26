-- What a transaction pays for: the first hold or booking that an event named. Money that came once must
-- not pay twice, whatever records the events name. `owner` is the hold's id, or that of a booking that
-- never was a hold, so that it stays the same when a hold becomes a booking.
create table holdfast.transactions (
    club            text not null,
    transaction_id  text not null check (length(transaction_id) between 1 and 200),
    owner           text not null,
    at_ms           bigint not null,
    primary key (club, transaction_id)
);
alter table holdfast.transactions enable row level security;
alter table holdfast.transactions force row level security;
create policy tenant on holdfast.transactions to holdfast_writer using (club in
    (select unnest(nullif(current_setting('holdfast.clubs', true), '')::text[])));
create policy platform on holdfast.transactions to holdfast_relay using (true) with check (true);
grant select, insert on holdfast.transactions to holdfast_writer;
grant select, delete on holdfast.transactions to holdfast_relay;
