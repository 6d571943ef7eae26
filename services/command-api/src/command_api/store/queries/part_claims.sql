-- Claims that lie in the channel of a slot that no longer overlaps their own, or no longer sells their
-- section, leave it. The caller has the venue's head locked, so nothing is appended meanwhile, and has every
-- channel's version moved on after this.
-- $1 club; by row: $2 head of the channel that they leave, $3 head of their own, $4 section (null: all)
delete from holdfast.claims c
using unnest($2::text[], $3::text[], $4::text[]) as u (head, home, section), holdfast.records r
where c.club = $1 and c.head = u.head and (u.section is null or c.section = u.section)
    and r.club = c.club and r.id = c.claim_id and r.head = u.home
