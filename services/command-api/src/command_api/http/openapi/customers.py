"""Operations of one customer's own things."""

from __future__ import annotations

from command_api.http.openapi.examples import BOOKING, HOLD
from command_api.http.paths import CLUB
from holdfast.contracts.customers import Erasure, GuestSession, GuestSessionRequest
from holdfast.contracts.problems import Code
from holdfast.contracts.queries import Me
from holdfast.openapi.operation import Access, Answer, Body, Operation, Operations

TAG = "customers"

CUSTOMERS: Operations = {
    ("GET", CLUB + "/me"): Operation(
        id="readMe",
        tag=TAG,
        summary="Read what one has in a club",
        words="Active holds, bookings and waitlist entries, over all venues; the newest 200 of each.",
        answers=(
            Answer(
                words="One's own.",
                types=(Me,),
                example={
                    "customerId": "cus_1",
                    "holds": [HOLD],
                    "bookings": [BOOKING],
                    "waitlist": [],
                },
            ),
        ),
    ),
    ("POST", CLUB + "/guest-sessions"): Operation(
        id="makeGuestSession",
        tag=TAG,
        summary="Get a token without an account",
        words="Where the venue's policy has `guestCheckout`; where none is named, any venue of the "
        "club. No token is needed and no key: every session is a new guest.",
        access=Access.OPEN,
        body=Body(GuestSessionRequest, {"venueId": "leeds"}, optional=True),
        answers=(
            Answer(
                status=201,
                words="A customer's token, of this club alone.",
                types=(GuestSession,),
                example={
                    "token": "eyJ…",
                    "customerId": "guest_5f0c6c0c9c0a4b7e8d1f2a3b",
                    "expiresAt": "2027-03-01T22:01:12.000Z",
                },
            ),
        ),
        codes=(
            Code.ACTION_NOT_PERMITTED,
            Code.CLUB_NOT_FOUND,
            Code.VENUE_NOT_FOUND,
            Code.RATE_LIMITED,
        ),
    ),
    ("DELETE", CLUB + "/customers/{id}/personal-data"): Operation(
        id="erasePersonalData",
        tag=TAG,
        summary="Erase the personal data of a customer",
        words="By the customer, or by managers and services. Contact, notes, special requests and "
        "metadata go; bookings and figures stay. Asked again it erases what is left.",
        answers=(
            Answer(
                words="What was erased.",
                types=(Erasure,),
                example={
                    "customerId": "cus_1",
                    "erasedBookingIds": [BOOKING["bookingId"]],
                    "activeBookingIds": [],
                },
            ),
        ),
        codes=(Code.ACTION_NOT_PERMITTED, Code.VALIDATION_FAILED),
    ),
}
