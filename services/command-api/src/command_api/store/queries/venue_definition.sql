-- One venue as stored. $1 club, $2 venue
select revision, layout_version, definition from holdfast.venues where club = $1 and venue = $2
