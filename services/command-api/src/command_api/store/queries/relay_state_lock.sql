-- Whoever changes the epoch holds this lock, so that two relays make one new epoch and not two.
select epoch, last_seq from holdfast.relay_state for update
