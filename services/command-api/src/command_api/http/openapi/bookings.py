"""Operations of `…/bookings`."""

from __future__ import annotations

from command_api.http.openapi.examples import BOOKING
from command_api.http.paths import VENUE
from holdfast.contracts.bookings import Booking, TransitionRequest
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations

TAG = "bookings"
ONE = VENUE + "/bookings/{id}"

BOOKINGS: Operations = {
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
    ("POST", ONE + "/cancel"): Operation(
        id="cancelBooking",
        tag=TAG,
        summary="Cancel a booking",
        words="By its customer until `cancelUntilMinutes` before the start, by staff at any time. A "
        "cancelled booking answers the same again.",
        keyed=True,
        body=Body(TransitionRequest, {"reason": "ill"}, optional=True),
        answers=(Answer(words="The booking, cancelled.", types=(Booking,)),),
        codes=(
            Code.BOOKING_NOT_FOUND,
            Code.ACTION_NOT_PERMITTED,
            Code.INVALID_TRANSITION,
            Code.SLOT_NOT_FOUND,
        ),
    ),
}
