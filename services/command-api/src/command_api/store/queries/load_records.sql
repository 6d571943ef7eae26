-- Records of one club by id. $1 club, $2 ids
select r.doc from holdfast.records r where r.club = $1 and r.id = any ($2)
