-- What bookings take in, by night, category and currency.
-- $1 club, $2 venue, $3 first date, $4 last date, $5 slot or null
select t.date, t.category, t.currency, sum(t.amount)::bigint as amount
from holdfast.takings t
where t.club = $1 and t.venue = $2 and t.date between $3 and $4 and ($5::text is null or t.slot = $5)
group by t.date, t.category, t.currency
