-- Bookings of one series, in order of their dates; at most 366 were made at once.
-- $1 club, $2 venue, $3 series
select r.doc from holdfast.records r
where r.club = $1 and r.series = $3 and r.venue = $2
order by r.date, r.id
