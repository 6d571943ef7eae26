"""Operations of `…/holds`."""

from __future__ import annotations

from typing import Literal

from command_api.http.openapi.common import ASKED, NIGHT, PAGED, SLOT, TAKING
from command_api.http.openapi.examples import BOOKING, HOLD
from command_api.http.paths import VENUE
from holdfast.contracts.bookings import Booking, ConfirmRequest
from holdfast.contracts.holds import ExtendRequest, Hold, HoldChange, HoldPage, HoldRequest
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations, Parameter

TAG = "holds"
ONE = VENUE + "/holds/{id}"
_OWN = (Code.HOLD_NOT_FOUND, Code.HOLD_NOT_OWNED)
_CHANGING = (*_OWN, Code.HOLD_EXPIRED, Code.INVALID_TRANSITION, Code.SLOT_NOT_FOUND)

HOLDS: Operations = {
    ("POST", VENUE + "/holds"): Operation(
        id="makeHold",
        tag=TAG,
        summary="Hold sections for a while",
        words="All or nothing. Name `sectionIds`, or let `bestAvailable` choose. A table brings its "
        "seats. Customers hold for themselves, staff and services for whom they name, or for "
        "nobody in particular. With `dryRun` nothing is held: the answer is a quote.",
        keyed=True,
        body=Body(
            HoldRequest,
            {"date": NIGHT, "slotId": SLOT, "sectionIds": ["table_05"], "partySize": 4},
        ),
        answers=(
            Answer(
                status=201,
                words="Held until `expiresAt`.",
                types=(Hold,),
                headers=("Location",),
                example=HOLD,
            ),
            Answer(words="A quote: what holding it would give now.", types=(Hold,)),
        ),
        codes=TAKING,
    ),
    ("GET", VENUE + "/holds"): Operation(
        id="listHolds",
        tag=TAG,
        summary="List one's own active holds",
        words="Newest first.",
        query=(
            Parameter(
                "mine",
                Literal["", "1", "true"],
                "One's own; there are no others to list.",
                required=True,
                example="1",
            ),
            *PAGED,
        ),
        answers=(Answer(words="Holds.", types=(HoldPage,), example={"items": [HOLD]}),),
    ),
    ("GET", ONE): Operation(
        id="readHold",
        tag=TAG,
        summary="Read a hold",
        words="For its customer and for staff; to everybody else it is not there. Ended holds stay "
        "readable for 30 days.",
        answers=(Answer(words="The hold.", types=(Hold,), example=HOLD),),
        codes=(Code.HOLD_NOT_FOUND,),
    ),
    ("PATCH", ONE): Operation(
        id="changeHold",
        tag=TAG,
        summary="Add sections to a hold, and remove some",
        words="In one step, all or nothing. Its end stays as it is.",
        may_be_keyed=True,
        body=Body(HoldChange, {"add": ["table_06"], "remove": ["table_05"]}),
        answers=(Answer(words="The hold as it is now.", types=(Hold,)),),
        codes=(*_CHANGING, *TAKING),
    ),
    ("DELETE", ONE): Operation(
        id="releaseHold",
        tag=TAG,
        summary="Release a hold",
        words="A released hold answers the same again.",
        answers=(Answer(words="The hold, released.", types=(Hold,)),),
        codes=_CHANGING,
    ),
    ("POST", ONE + "/extend"): Operation(
        id="extendHold",
        tag=TAG,
        summary="Keep a hold for longer",
        words="Never shorter; `maxHoldSeconds` from the first hold at most; not once the slot is over or "
        "was closed.",
        keyed=True,
        body=Body(ExtendRequest, {"ttlSeconds": 300}, optional=True),
        answers=(Answer(words="The hold with its new `expiresAt`.", types=(Hold,)),),
        codes=(*_CHANGING, Code.HOLD_LIMIT_REACHED, Code.SLOT_CLOSED),
    ),
    ("POST", ONE + "/confirm"): Operation(
        id="confirmHold",
        tag=TAG,
        summary="Make a hold a booking",
        words="`pending_approval` where the policy asks for approval, else `confirmed`.",
        keyed=True,
        body=Body(
            ConfirmRequest,
            {
                "contact": {"name": "Ada Byron", "email": "ada@example.com"},
                "payment": {"method": "card", "transactionId": "tx_1", "gateway": "demo"},
                "partySize": 4,
                "specialRequests": "a quiet corner",
                "metadata": {"source": "app"},
            },
            optional=True,
        ),
        answers=(
            Answer(
                status=201,
                words="The booking.",
                types=(Booking,),
                headers=("Location",),
                example=BOOKING,
            ),
        ),
        codes=(*_CHANGING, *ASKED, Code.PAYMENT_REQUIRED, Code.PAYMENT_AFTER_EXPIRY),
    ),
}
