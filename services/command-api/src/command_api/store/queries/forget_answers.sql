-- Stored answers to the commands that changed these records: they repeat personal data.
-- $1 club, $2 heads, $3 dates, $4 record ids
delete from holdfast.commands k
using (
    select distinct e.command_id from holdfast.events e
    where e.club = $1 and e.head = any ($2) and e.date = any ($3) and e.record_id = any ($4)
) changed
where k.club = $1 and k.command_id = changed.command_id
