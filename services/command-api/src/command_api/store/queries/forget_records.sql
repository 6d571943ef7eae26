-- Records that ended long ago and that no claim hangs on. $1 before ms, $2 limit
delete from holdfast.records r
where (r.club, r.id) in (
    select e.club, e.id from holdfast.records e
    where not e.active and e.updated_ms < $1
        and not exists (select 1 from holdfast.claims c where c.club = e.club and c.claim_id = e.id)
    order by e.updated_ms limit $2)
