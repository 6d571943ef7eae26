-- Take the row locks of heads that exist, in the lock order. $1 clubs, $2 heads
select 1 from holdfast.heads h
where (h.club, h.head) in (select u.club, u.head from unnest($1::text[], $2::text[]) as u (club, head))
order by h.club, h.head
for no key update
