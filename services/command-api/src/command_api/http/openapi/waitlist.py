"""Operations of `…/waitlist` and `…/offers`."""

from __future__ import annotations

from command_api.http.openapi.common import ASKED, DATE, NIGHT, PAGED, SLOT, SLOT_ID
from command_api.http.openapi.examples import BOOKING, ENTRY
from command_api.http.paths import VENUE
from holdfast.contracts.bookings import Booking, ConfirmRequest
from holdfast.contracts.problems import Code
from holdfast.contracts.waitlist import (
    DeclineRequest,
    WaitlistEntry,
    WaitlistPage,
    WaitlistRequest,
)
from holdfast.openapi.operation import Answer, Body, Operation, Operations

TAG = "waitlist"
ONE = VENUE + "/waitlist/{id}"
OFFER = VENUE + "/offers/{id}"
_OFFERED = (
    Code.OFFER_NOT_FOUND,
    Code.OFFER_EXPIRED,
    Code.INVALID_TRANSITION,
    Code.ACTION_NOT_PERMITTED,
    Code.SLOT_NOT_FOUND,
    Code.HOLD_NOT_OWNED,
    Code.HOLD_EXPIRED,
)

WAITLIST: Operations = {
    ("POST", VENUE + "/waitlist"): Operation(
        id="joinWaitlist",
        tag=TAG,
        summary="Wait for sections to become free",
        words="What becomes free is offered to the first in the queue whom it fits, as a hold with an "
        "end of its own.",
        keyed=True,
        body=Body(
            WaitlistRequest,
            {"date": NIGHT, "slotId": SLOT, "partySize": 4, "categoryIds": ["gold"]},
        ),
        answers=(
            Answer(
                status=201,
                words="The entry.",
                types=(WaitlistEntry,),
                headers=("Location",),
                example=ENTRY,
            ),
            Answer(words="They wait for the same already: that entry.", types=(WaitlistEntry,)),
        ),
        codes=(
            Code.SLOT_NOT_FOUND,
            Code.SLOT_CLOSED,
            Code.ACTION_NOT_PERMITTED,
            Code.CAPACITY_MISMATCH,
            Code.CAPACITY_EXCEEDED,
            Code.INVALID_TRANSITION,
        ),
    ),
    ("GET", VENUE + "/waitlist"): Operation(
        id="listWaitlist",
        tag=TAG,
        summary="List who waits for a slot",
        words="In the order of the queue. Staff see all of it, customers their own entry.",
        query=(DATE, SLOT_ID, *PAGED),
        answers=(Answer(words="Entries.", types=(WaitlistPage,), example={"items": [ENTRY]}),),
        codes=(Code.SLOT_NOT_FOUND,),
    ),
    ("GET", ONE): Operation(
        id="readWaitlistEntry",
        tag=TAG,
        summary="Read a waitlist entry",
        words="For its customer and for staff; with its offer, where there is one.",
        answers=(Answer(words="The entry.", types=(WaitlistEntry,), example=ENTRY),),
        codes=(Code.WAITLIST_ENTRY_NOT_FOUND,),
    ),
    ("DELETE", ONE): Operation(
        id="leaveWaitlist",
        tag=TAG,
        summary="Wait no more",
        words="An offer is given up with it. An entry that was left answers the same again.",
        answers=(Answer(words="The entry as it ended.", types=(WaitlistEntry,)),),
        codes=(
            Code.WAITLIST_ENTRY_NOT_FOUND,
            Code.ACTION_NOT_PERMITTED,
            Code.INVALID_TRANSITION,
            Code.SLOT_NOT_FOUND,
        ),
    ),
    ("POST", OFFER + "/accept"): Operation(
        id="acceptOffer",
        tag=TAG,
        summary="Take what was offered",
        words="The offered hold becomes a booking, by the rules of confirming.",
        keyed=True,
        body=Body(
            ConfirmRequest,
            {"contact": {"name": "Ada Byron", "email": "ada@example.com"}},
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
        codes=(*_OFFERED, *ASKED, Code.PAYMENT_REQUIRED, Code.PAYMENT_AFTER_EXPIRY),
    ),
    ("POST", OFFER + "/decline"): Operation(
        id="declineOffer",
        tag=TAG,
        summary="Leave what was offered to the next",
        keyed=True,
        body=Body(DeclineRequest, {}, optional=True),
        answers=(Answer(words="The entry as it ended.", types=(WaitlistEntry,)),),
        codes=_OFFERED,
    ),
}
