-- Keep a head as it is until the transaction ends; before any lock on heads to be written.
-- $1 club, $2 head
select 1 from holdfast.heads h where h.club = $1 and h.head = $2 for share
