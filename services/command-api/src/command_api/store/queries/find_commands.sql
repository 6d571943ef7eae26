-- The answers of commands whose outcome is not known to us. $1 clubs, $2 command ids
select k.club, k.command_id, k.hash, k.created, k.reply
from unnest($1::text[], $2::text[]) as u (club, id)
join holdfast.commands k on k.club = u.club and k.command_id = u.id
