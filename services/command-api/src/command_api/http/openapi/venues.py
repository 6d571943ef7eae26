"""Operations of clubs, venues and their layouts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from command_api.http.openapi.common import DATE, DEFINERS, IF_MATCH, PAGED, SLOT_ID, STAFF
from command_api.http.paths import CLUB, VENUE
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Role
from holdfast.contracts.venues import (
    Club,
    ClubDefinition,
    ClubPage,
    Layout,
    LayoutViewport,
    Venue,
    VenueBody,
    VenuePage,
)
from holdfast.openapi.operation import Access, Answer, Body, Operation, Operations, Parameter

TAG = "venues"
_Number = Annotated[float, Meta(ge=-1e7, le=1e7)]
_Size = Annotated[float, Meta(ge=0, le=1e7)]
_CLUB_EXAMPLE = {
    "clubId": "backroom",
    "name": "The Backroom",
    "createdAt": "2027-01-01T12:00:00.000Z",
}
_DEFINITION = {
    "name": "Leeds",
    "timezone": "Europe/London",
    "currency": "GBP",
    "policy": {"holdTtlSeconds": 300, "maxTablesPerCustomerPerDate": 2},
    "slots": [{"slotId": "slot_21_00", "name": "Night", "start": "21:00", "end": "03:00"}],
    "categories": [{"categoryId": "gold", "name": "Gold", "price": 12000}],
    "sections": [
        {
            "sectionId": "table_05",
            "kind": "table",
            "categoryId": "gold",
            "partyMin": 2,
            "partyMax": 6,
            "x": 40,
            "y": 60,
            "width": 30,
            "height": 30,
        }
    ],
}

VENUES: Operations = {
    ("GET", "/v1/clubs"): Operation(
        id="listClubs",
        tag=TAG,
        summary="List clubs",
        words="By the platform's admin, one without a `club`.",
        roles=(Role.ADMIN,),
        query=PAGED,
        answers=(
            Answer(
                words="Clubs, by id.",
                types=(ClubPage,),
                example={"items": [_CLUB_EXAMPLE], "nextPageToken": None},
            ),
        ),
    ),
    ("PUT", CLUB): Operation(
        id="putClub",
        tag=TAG,
        summary="Create or rename a club",
        words="By the platform's admin, one without a `club`.",
        roles=(Role.ADMIN,),
        body=Body(ClubDefinition, {"name": "The Backroom"}, optional=True),
        answers=(
            Answer(words="Renamed.", types=(Club,), example=_CLUB_EXAMPLE),
            Answer(status=201, words="Created.", types=(Club,), headers=("Location",)),
        ),
    ),
    ("GET", CLUB): Operation(
        id="readClub",
        tag=TAG,
        summary="Read a club",
        roles=STAFF,
        answers=(Answer(words="The club.", types=(Club,), example=_CLUB_EXAMPLE),),
    ),
    ("GET", CLUB + "/venues"): Operation(
        id="listVenues",
        tag=TAG,
        summary="List a club's venues",
        roles=STAFF,
        query=PAGED,
        answers=(Answer(words="Venues, by id.", types=(VenuePage,)),),
    ),
    ("PUT", VENUE): Operation(
        id="putVenue",
        tag=TAG,
        summary="Define a venue, or change its definition",
        words="The whole definition each time, at most 8 MiB. To change a venue name its revision "
        "in `If-Match`. Sections and slots with claims on them cannot go.",
        roles=DEFINERS,
        headers=(IF_MATCH,),
        body=Body(VenueBody, _DEFINITION),
        answers=(
            Answer(words="Changed.", types=(Venue,), headers=("ETag",)),
            Answer(status=201, words="Created.", types=(Venue,), headers=("ETag", "Location")),
        ),
        codes=(Code.SECTION_IN_USE, Code.VERSION_MISMATCH, Code.PRECONDITION_REQUIRED),
    ),
    ("GET", VENUE): Operation(
        id="readVenue",
        tag=TAG,
        summary="Read a venue",
        access=Access.READERS,
        conditional=True,
        answers=(Answer(words="Its definition.", types=(Venue,)),),
    ),
    ("GET", VENUE + "/layouts/{layout_version}"): Operation(
        id="readLayout",
        tag=TAG,
        summary="Read the geometry of one layout version",
        words="It never changes, so it may be kept for ever.",
        access=Access.READERS,
        conditional=True,
        answers=(Answer(words="The layout.", types=(Layout,), headers=("Cache-Control",)),),
        codes=(Code.LAYOUT_NOT_FOUND,),
    ),
    ("GET", VENUE + "/layout"): Operation(
        id="readViewport",
        tag=TAG,
        summary="Read geometry and states of a rectangle of the canvas",
        words="`x`, `y`, `width` and `height` go together; without them all of the canvas.",
        access=Access.READERS,
        query=(
            DATE,
            SLOT_ID,
            Parameter("x", _Number, "Left."),
            Parameter("y", _Number, "Top."),
            Parameter("width", _Size, "To the right."),
            Parameter("height", _Size, "Down."),
        ),
        answers=(Answer(words="Sections, and how many in each state.", types=(LayoutViewport,)),),
        codes=(Code.SLOT_NOT_FOUND,),
    ),
}
