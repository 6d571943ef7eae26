"""Operations of `…/bookings`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from command_api.http.openapi.common import (
    BLOCKERS,
    IF_MATCH,
    MANAGERS,
    NIGHT,
    PAGED,
    SLOT,
    STAFF,
    TAKING,
)
from command_api.http.openapi.examples import BOOKING
from command_api.http.paths import VENUE
from holdfast.contracts.bookings import (
    Booking,
    BookingChange,
    BookingPage,
    BookingRequest,
    TransitionRequest,
)
from holdfast.contracts.ids import Date, Id
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, Role
from holdfast.openapi.operation import Answer, Body, Operation, Operations, Parameter

TAG = "bookings"
ONE = VENUE + "/bookings/{id}"

_MOVING = (Code.BOOKING_NOT_FOUND, Code.INVALID_TRANSITION, Code.SLOT_NOT_FOUND)


def _move(id_: str, summary: str, words: str, roles: tuple[Role, ...], *codes: Code) -> Operation:
    """A step in the life of a booking."""
    return Operation(
        id=id_,
        tag=TAG,
        summary=summary,
        words=words,
        roles=roles,
        keyed=True,
        body=Body(TransitionRequest, {"reason": "asked for by phone"}, optional=True),
        answers=(Answer(words="The booking as it is now.", types=(Booking,)),),
        codes=(*_MOVING, *codes),
    )


_STATUS = "|".join(status.value for status in BookingStatus)

BOOKINGS: Operations = {
    ("GET", VENUE + "/bookings"): Operation(
        id="listBookings",
        tag=TAG,
        summary="List and search bookings",
        words="Newest first. Staff see all, customers their own.",
        query=(
            Parameter(
                "q",
                Annotated[str, Meta(max_length=100)],
                "A reference, the last digits of a telephone number, the beginning of an e-mail "
                "address, or beginnings of words of the name.",
                example="ada",
            ),
            Parameter("date", Date, "Of one service date; either this, or `from` and `to`."),
            Parameter("from", Date, "From this service date on."),
            Parameter("to", Date, "Until this service date, included."),
            Parameter("slotId", Id, "Of one slot."),
            Parameter(
                "status",
                Annotated[str, Meta(pattern=f"^({_STATUS})(,({_STATUS}))*$")],
                "Of these statuses, with commas between.",
                example="confirmed,checked_in",
            ),
            *PAGED,
        ),
        answers=(Answer(words="Bookings.", types=(BookingPage,), example={"items": [BOOKING]}),),
    ),
    ("POST", VENUE + "/bookings"): Operation(
        id="requestBooking",
        tag=TAG,
        summary="Book in one step, without a hold",
        words="Customers ask for themselves; staff for whom they name, or for a walk-in. "
        "`pending_approval` where the policy asks for approval.",
        keyed=True,
        body=Body(
            BookingRequest,
            {
                "date": NIGHT,
                "slotId": SLOT,
                "sectionIds": ["table_05"],
                "partySize": 4,
                "contact": {"name": "Ada Byron", "phone": "+44 113 496 0000"},
            },
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
        codes=(*TAKING, Code.PAYMENT_REQUIRED),
    ),
    ("GET", ONE): Operation(
        id="readBooking",
        tag=TAG,
        summary="Read a booking",
        words="For its customer and for staff; to everybody else it is not there.",
        answers=(
            Answer(words="The booking.", types=(Booking,), headers=("ETag",), example=BOOKING),
        ),
        codes=(Code.BOOKING_NOT_FOUND,),
    ),
    ("PATCH", ONE): Operation(
        id="editBooking",
        tag=TAG,
        summary="Edit a booking",
        words="What is not given stays. By its customer until the start, by staff at any time.",
        headers=(replace(IF_MATCH, required=True),),
        may_be_keyed=True,
        body=Body(BookingChange, {"partySize": 5, "notes": "birthday"}),
        answers=(Answer(words="The booking as it is now.", types=(Booking,), headers=("ETag",)),),
        codes=(
            *_MOVING,
            Code.ACTION_NOT_PERMITTED,
            Code.CAPACITY_MISMATCH,
            Code.VERSION_MISMATCH,
            Code.PRECONDITION_REQUIRED,
        ),
    ),
    ("POST", ONE + "/cancel"): _move(
        "cancelBooking",
        "Cancel a booking",
        "By its customer until `cancelUntilMinutes` before the start, by staff at any time. A "
        "cancelled booking answers the same again.",
        (),
        Code.ACTION_NOT_PERMITTED,
    ),
    ("POST", ONE + "/approve"): _move(
        "approveBooking",
        "Approve a request",
        "`pending_approval` becomes `confirmed`.",
        MANAGERS,
        Code.SLOT_CLOSED,
        Code.BLOCK_CONFLICT,
    ),
    ("POST", ONE + "/decline"): _move(
        "declineBooking", "Decline a request", "Its sections are free again.", MANAGERS
    ),
    ("POST", ONE + "/check-in"): _move("checkInBooking", "Say that the guests came", "", STAFF),
    ("POST", ONE + "/complete"): _move(
        "completeBooking", "Say that the guests left", "Its sections are free again.", BLOCKERS
    ),
    ("POST", ONE + "/no-show"): _move(
        "markNoShow", "Say that nobody came", "Its sections are free again.", BLOCKERS
    ),
}
