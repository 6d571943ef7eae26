-- Records with a claim whose time has come, by their own channel: a claim may lie in the channels of
-- overlapping slots as well. $1 now ms, $2 limit
select r.club, r.head, array_agg(distinct r.id) as ids
from (
    select club, claim_id from holdfast.claims
    where expires_ms <= $1 order by expires_ms limit $2
) c
join holdfast.records r on r.club = c.club and r.id = c.claim_id
group by r.club, r.head
