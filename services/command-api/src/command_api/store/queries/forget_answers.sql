-- Take the personal data out of the stored answers about these bookings. The rows stay: without them a request
-- that is sent again would be carried out again, and an ended record could be written over (http/ended.py).
-- $1 club, $2 heads, $3 dates, $4 record ids
update holdfast.commands k
set reply = convert_to((a.answer || '{"contact": null, "notes": null, "specialRequests": null,
    "metadata": {}, "statusReason": null}')::text, 'UTF8')
from (
    select distinct e.command_id from holdfast.events e
    where e.club = $1 and e.head = any ($2) and e.date = any ($3) and e.record_id = any ($4)
) changed
join holdfast.commands c on c.club = $1 and c.command_id = changed.command_id
cross join lateral (select convert_from(c.reply, 'UTF8')::jsonb as answer) a
where k.club = c.club and k.command_id = c.command_id and a.answer ? 'contact'
