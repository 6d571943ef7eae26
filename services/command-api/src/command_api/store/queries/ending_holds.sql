-- Holds of customers that end within a while, by their own channel, those that end first first. A hold
-- lies on each of its sections, and maybe in other channels: it is listed once.
-- $1 from ms, $2 until ms, $3 limit
select r.club, r.head, r.id, min(c.expires_ms) as expires_ms
from (
    select club, claim_id, expires_ms from holdfast.claims
    where expires_ms > $1 and expires_ms <= $2 order by expires_ms limit $3 * 50
) c
join holdfast.records r on r.club = c.club and r.id = c.claim_id
where r.kind = 'hold' and r.customer_id is not null
group by r.club, r.head, r.id
order by min(c.expires_ms), r.id
limit $3
