-- When what takes sections of a channel ends by the clock, one moment for each record behind the claims,
-- the first one first. $1 club, $2 head, $3 limit
select min(c.expires_ms) as at_ms from holdfast.claims c
where c.club = $1 and c.head = $2 and c.expires_ms is not null
group by c.claim_id order by 1 limit $3
