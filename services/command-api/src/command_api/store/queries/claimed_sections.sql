-- Which sections channels have claims of their own on. $1 club, $2 heads, $3 sections that matter (null: all)
select c.head, array_agg(distinct c.section order by c.section) as sections
from holdfast.claims c
join holdfast.records r on r.club = c.club and r.id = c.claim_id and r.head = c.head
where c.club = $1 and c.head = any ($2) and ($3::text[] is null or c.section = any ($3))
group by c.head
