-- The one row, before the first epoch.
insert into holdfast.relay_state (epoch, last_seq) values ('', 0) on conflict do nothing
