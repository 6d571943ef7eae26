-- Records with a claim whose time has come, and when the next one comes. $1 now ms, $2 limit
select c.club, c.head, array_agg(distinct c.claim_id) as ids
from (
    select club, head, claim_id from holdfast.claims
    where expires_ms <= $1 order by expires_ms limit $2
) c
group by c.club, c.head
