-- Answers older than the idempotency window. $1 before ms, $2 limit
delete from holdfast.commands k
where (k.club, k.command_id) in (
    select c.club, c.command_id from holdfast.commands c where c.at_ms < $1 order by c.at_ms limit $2)
