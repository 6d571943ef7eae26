"""Operations of `…/booking-series`, and of moving one booking elsewhere."""

from __future__ import annotations

from command_api.http.openapi.bookings import TAG
from command_api.http.openapi.common import NIGHT, SLOT, TAKING
from command_api.http.openapi.examples import BOOKING
from command_api.http.paths import VENUE
from holdfast.contracts.bookings import (
    Booking,
    BookingPage,
    ItemResult,
    RescheduleRequest,
    SeriesRequest,
    SeriesResult,
    TransitionRequest,
)
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations

ONE = VENUE + "/booking-series/{id}"
_RESULT = {
    "seriesId": "ser_0198c1d70ca5b6c7d8e9f0a1b2c",
    "items": [
        {"index": 0, "date": NIGHT, "bookingId": BOOKING["bookingId"]},
        {
            "index": 1,
            "date": "2027-03-13",
            "bookingId": None,
            "code": "SECTION_NOT_AVAILABLE",
            "detail": "Not available: table_05.",
        },
    ],
}

SERIES: Operations = {
    ("POST", VENUE + "/bookings/{id}/reschedule"): Operation(
        id="rescheduleBooking",
        tag=TAG,
        summary="Move a booking to another date, slot or sections",
        words="In one outcome: it has the new sections and not the old ones, or nothing changed. "
        "Without `sectionIds` the same ones.",
        keyed=True,
        body=Body(RescheduleRequest, {"date": "2027-03-13", "slotId": SLOT}),
        answers=(Answer(words="The booking as it is now.", types=(Booking,)),),
        codes=(
            *TAKING,
            Code.BOOKING_NOT_FOUND,
            Code.INVALID_TRANSITION,
            Code.PAYMENT_REQUIRED,
        ),
    ),
    ("POST", VENUE + "/booking-series"): Operation(
        id="bookSeries",
        tag=TAG,
        summary="Book the same place on many dates",
        words="By `dates` or by a weekly `recurrence`. What cannot be booked on a date is told at that "
        "date; with `allOrNothing` it refuses all. Where nothing was booked, the problem is that of "
        "the first date, and has the `items` of all.",
        keyed=True,
        body=Body(
            SeriesRequest,
            {
                "recurrence": {"from": NIGHT, "until": "2027-04-30", "weekdays": ["sat"]},
                "slotId": SLOT,
                "sectionIds": ["table_05"],
                "partySize": 4,
                "contact": {"name": "Ada Byron", "email": "ada@example.com"},
            },
        ),
        answers=(
            Answer(
                status=201,
                words="What became of each date.",
                types=(SeriesResult,),
                headers=("Location",),
                example=_RESULT,
            ),
        ),
        codes=(*TAKING, Code.PAYMENT_REQUIRED),
        facts={"items": list[ItemResult]},
    ),
    ("GET", ONE): Operation(
        id="readSeries",
        tag=TAG,
        summary="Read the bookings of a series",
        words="All of them, wherever they were moved; for their customer and for staff.",
        answers=(Answer(words="Bookings.", types=(BookingPage,), example={"items": [BOOKING]}),),
        codes=(Code.BOOKING_NOT_FOUND,),
    ),
    ("POST", ONE + "/cancel"): Operation(
        id="cancelSeries",
        tag=TAG,
        summary="Cancel what is to come of a series",
        words="By the rules of cancelling each: those with a `code` stayed as they were.",
        keyed=True,
        body=Body(TransitionRequest, {"reason": "moved away"}, optional=True),
        answers=(
            Answer(words="What became of each booking.", types=(SeriesResult,), example=_RESULT),
        ),
        codes=(
            Code.BOOKING_NOT_FOUND,
            Code.ACTION_NOT_PERMITTED,
            Code.INVALID_TRANSITION,
            Code.SLOT_NOT_FOUND,
        ),
    ),
}
