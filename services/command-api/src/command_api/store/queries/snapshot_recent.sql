-- Channels that moved lately, with what is published of them: their entries may be missing, when a
-- leader ended before it wrote them. $1 how far back, in milliseconds
select h.club, h.head, p.epoch, p.published_version, p.published_seq
from holdfast.heads h
join holdfast.progress p on p.club = h.club and p.head = h.head
join holdfast.relay_state s on s.epoch = p.epoch
where h.kind = 'channel' and p.published_seq > 0
    and h.updated_ms >= floor(extract(epoch from clock_timestamp()) * 1000) - $1::bigint
