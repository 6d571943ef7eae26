-- Channels with something to publish; covers lost wake-ups. $1 most channels
select h.club, h.head, h.updated_ms
from holdfast.heads h
left join holdfast.progress p on p.club = h.club and p.head = h.head
where h.kind = 'channel' and h.position > coalesce(p.published_position, 0)
limit $1
