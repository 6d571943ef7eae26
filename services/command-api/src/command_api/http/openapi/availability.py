"""Operations that tell what is free."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from command_api.http.openapi.common import DATE, NIGHT, SLOT, SLOT_ID
from command_api.http.openapi.examples import ALTERNATIVE, SNAPSHOT
from command_api.http.paths import VENUE
from holdfast.contracts.holds import PartySize
from holdfast.contracts.ids import Date, Id
from holdfast.contracts.problems import Code
from holdfast.contracts.queries import Alternatives, Calendar
from holdfast.contracts.snapshots import PublicSnapshot, StaffSnapshot
from holdfast.openapi.operation import Access, Answer, Operation, Operations, Parameter

TAG = "availability"

_CALENDAR_SLOT = {
    "date": NIGHT,
    "slotId": SLOT,
    "startsAt": "2027-03-06T21:00:00.000Z",
    "endsAt": "2027-03-07T03:00:00.000Z",
    "closed": False,
    "total": 40,
    "free": 13,
}

AVAILABILITY: Operations = {
    ("GET", VENUE + "/availability"): Operation(
        id="readAvailability",
        tag=TAG,
        summary="Read the snapshot of one channel",
        words="Every section of the slot at one version, from the database. Staff of the club get "
        "the claims as well. Go on with a stream of the gateway from `cursor`.",
        access=Access.READERS,
        conditional=True,
        query=(DATE, SLOT_ID),
        answers=(
            Answer(
                words="The snapshot, public or full.",
                types=(PublicSnapshot, StaffSnapshot),
                example=SNAPSHOT,
            ),
        ),
        codes=(Code.SLOT_NOT_FOUND,),
    ),
    ("GET", VENUE + "/calendar"): Operation(
        id="readCalendar",
        tag=TAG,
        summary="Read how much is free, by date and slot",
        access=Access.READERS,
        conditional=True,
        query=(
            Parameter("from", Date, "The first service date.", required=True, example=NIGHT),
            Parameter(
                "days",
                Annotated[int, Meta(ge=1, le=92)],
                "As many service dates; 7 where not given.",
                example=7,
            ),
            Parameter("partySize", PartySize, "Count places for such parties.", example=4),
        ),
        answers=(Answer(words="Slots.", types=(Calendar,), example={"items": [_CALENDAR_SLOT]}),),
    ),
    ("GET", VENUE + "/alternatives"): Operation(
        id="readAlternatives",
        tag=TAG,
        summary="Ask what else could be had",
        words="Ranked: another section, a larger table, several tables, a slot before or after, a date "
        "within a week. Up to a second old; to customers only what they may book now.",
        access=Access.READERS,
        query=(
            DATE,
            SLOT_ID,
            Parameter(
                "sectionIds",
                Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,49}$")],
                "What was asked for, with commas between.",
                example="table_05",
            ),
            Parameter("partySize", PartySize, "For so many people.", example=4),
            Parameter("categoryId", Id, "Of this category."),
            Parameter(
                "quantity",
                Annotated[int, Meta(ge=1, le=50)],
                "So many sections, or units of the one that is named.",
            ),
            Parameter("limit", Annotated[int, Meta(ge=1, le=10)], "At most; 10 where not given."),
        ),
        answers=(
            Answer(
                words="What could be had, the best first.",
                types=(Alternatives,),
                example={"items": [ALTERNATIVE], "waitlistOption": False},
            ),
        ),
        codes=(Code.SLOT_NOT_FOUND, Code.SECTION_NOT_FOUND),
    ),
}
