-- Channels with claims of their own (not only of overlapping slots) on nights that may not be over, or with
-- a block that waits for its own: it may lie in overlapping slots alone. A slot ends within 60 hours of its
-- date's midnight, anywhere on earth. $1 club, $2 venue
select h.date, h.slot
from holdfast.heads h
where h.club = $1 and h.venue = $2 and h.kind = 'channel'
    and h.date >= (clock_timestamp() at time zone 'UTC')::date - 2
    and (
        exists (
            select 1 from holdfast.claims c
            join holdfast.records r on r.club = c.club and r.id = c.claim_id and r.head = c.head
            where c.club = h.club and c.head = h.head
        )
        or exists (
            select 1 from holdfast.records r
            where r.club = h.club and r.head = h.head and r.active and r.kind = 'block'
        )
    )
order by h.date, h.slot
