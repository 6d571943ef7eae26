-- Whether a remembered definition is current. $1 club, $2 venue
select v.revision, h.stamp
from holdfast.venues v join holdfast.heads h on h.club = v.club and h.head = 'v:' || v.venue
where v.club = $1 and v.venue = $2
