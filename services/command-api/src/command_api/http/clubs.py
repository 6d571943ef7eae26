"""`/v1/clubs`: tenants, and which venues they have."""

from __future__ import annotations

from command_api.http.answer import Answer, json_answer
from command_api.http.auth import club_not_found, in_role, platform_admin
from command_api.http.call import Call
from command_api.http.problems import invalid
from command_api.http.reading import (
    decoder_of,
    page_token,
    query_limit,
    query_page,
    read_body,
)
from holdfast.contracts.ids import is_id
from holdfast.contracts.states import STAFF_ROLES
from holdfast.contracts.venues import ClubDefinition, ClubPage, VenuePage

_definition = decoder_of(ClubDefinition)


async def put_club(call: Call) -> Answer:
    """Creates or renames."""
    platform_admin(call)
    club = call.params["club"]
    if not is_id(club):
        raise invalid("club", "letters, digits, `_` and `-`, at most 64")
    _body, definition = await read_body(call, _definition, empty=b"{}")
    stored, created = await call.services.reads.put_club(club, definition)
    if not created:
        return json_answer(stored)
    return json_answer(stored, (b"location", call.path.encode()), status=201)


async def list_clubs(call: Call) -> Answer:
    platform_admin(call)
    limit = query_limit(call)
    clubs = await call.services.reads.clubs(limit + 1, query_page(call))
    token = page_token(clubs[limit - 1].club_id) if len(clubs) > limit else None
    return json_answer(ClubPage(items=clubs[:limit], next_page_token=token))


async def read_club(call: Call) -> Answer:
    _principal, club = in_role(call, STAFF_ROLES)
    found = await call.services.reads.club(club)
    if found is None:
        raise club_not_found()
    return json_answer(found)


async def list_venues(call: Call) -> Answer:
    _principal, club = in_role(call, STAFF_ROLES)
    limit = query_limit(call)
    venues = await call.services.reads.venues(club, limit + 1, query_page(call))
    if not venues and await call.services.reads.club(club) is None:
        raise club_not_found()
    token = page_token(venues[limit - 1].venue_id) if len(venues) > limit else None
    return json_answer(VenuePage(items=venues[:limit], next_page_token=token))
