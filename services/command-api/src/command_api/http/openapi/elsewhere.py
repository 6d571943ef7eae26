"""Operations of bookings made elsewhere: `…/imports`, and the `…/conflicts` that they make."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from command_api.http.openapi.common import BLOCKERS, MANAGERS, NIGHT, PAGED, SLOT, STAFF
from command_api.http.openapi.examples import BOOKING, CONFLICT
from command_api.http.paths import VENUE
from holdfast.contracts.bookings import ImportRequest, ImportResult
from holdfast.contracts.conflicts import Conflict, ConflictPage, ResolveRequest
from holdfast.contracts.ids import Date
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations, Parameter

TAG = "imports"
ONE = VENUE + "/conflicts/{id}"
_WORDS = "^(open|resolved)(,(open|resolved))*$"

ELSEWHERE: Operations = {
    ("POST", VENUE + "/imports"): Operation(
        id="importBookings",
        tag=TAG,
        summary="Take in bookings that were made elsewhere",
        words="Up to 1,000, each by itself: 200 whatever becomes of the items. An `externalId` is taken "
        "in once, however often it is sent. What is taken here already makes a conflict.",
        roles=STAFF,
        keyed=True,
        body=Body(
            ImportRequest,
            {
                "items": [
                    {
                        "externalId": "opentable-81723",
                        "createdAt": "2026-02-20T09:30:00.000Z",
                        "date": NIGHT,
                        "slotId": SLOT,
                        "sectionIds": ["table_05"],
                        "contact": {"name": "Ada Byron"},
                        "paid": True,
                    }
                ]
            },
        ),
        answers=(
            Answer(
                words="What became of each item.",
                types=(ImportResult,),
                example={"items": [{"index": 0, "date": NIGHT, "bookingId": BOOKING["bookingId"]}]},
            ),
        ),
    ),
    ("GET", VENUE + "/conflicts"): Operation(
        id="listConflicts",
        tag=TAG,
        summary="List conflicts",
        words="Newest first.",
        roles=BLOCKERS,
        query=(
            Parameter(
                "status",
                Annotated[str, Meta(pattern=_WORDS)],
                "`open` or `resolved`, or both with a comma between.",
                example="open",
            ),
            Parameter("date", Date, "Of one service date."),
            *PAGED,
        ),
        answers=(Answer(words="Conflicts.", types=(ConflictPage,), example={"items": [CONFLICT]}),),
    ),
    ("GET", ONE): Operation(
        id="readConflict",
        tag=TAG,
        summary="Read a conflict",
        roles=BLOCKERS,
        answers=(Answer(words="The conflict.", types=(Conflict,), example=CONFLICT),),
        codes=(Code.CONFLICT_NOT_FOUND,),
    ),
    ("POST", ONE + "/resolve"): Operation(
        id="resolveConflict",
        tag=TAG,
        summary="Say who gets the sections",
        words="By a manager's word where `winnerId` is given, else by rule: paid, then earlier, then "
        "VIP. Who loses is offered compensation. Resolved the same way already, it answers again.",
        roles=MANAGERS,
        keyed=True,
        body=Body(ResolveRequest, {"winnerId": BOOKING["bookingId"]}, optional=True),
        answers=(Answer(words="The conflict, resolved.", types=(Conflict,)),),
        codes=(
            Code.CONFLICT_NOT_FOUND,
            Code.SLOT_NOT_FOUND,
            Code.SECTION_NOT_FOUND,
            Code.INVALID_TRANSITION,
            Code.SECTION_NOT_AVAILABLE,
            Code.BLOCK_CONFLICT,
        ),
    ),
}
