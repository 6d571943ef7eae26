-- Who is on the waitlist of a channel: active entries, in no order. $1 club, $2 head
select r.doc from holdfast.records r
where r.club = $1 and r.head = $2 and r.active and r.kind = 'entry'
