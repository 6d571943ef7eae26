-- A venue's channels on some dates, as far as anything ever happened on them.
-- $1 club, $2 venue, $3 first date, $4 last date, $5 slot or null
select h.head, h.date, h.slot, h.version, h.stamp
from holdfast.heads h
where h.club = $1 and h.venue = $2 and h.kind = 'channel' and h.date between $3 and $4
    and ($5::text is null or h.slot = $5)
