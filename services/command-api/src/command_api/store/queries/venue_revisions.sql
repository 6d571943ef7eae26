-- Every venue's revision: small, however large the definitions are.
select club, venue, revision from holdfast.venues
