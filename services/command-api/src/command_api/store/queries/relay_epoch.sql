-- The history that the stream holds, as the database knows it.
select epoch from holdfast.relay_state
