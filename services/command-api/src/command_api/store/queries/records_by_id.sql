-- Records by their ids. $1 club, $2 ids
select r.id, r.doc from unnest($2::text[]) as u (id)
join holdfast.records r on r.club = $1 and r.id = u.id
