"""Operations of one customer's own things."""

from __future__ import annotations

from command_api.http.openapi.examples import BOOKING, HOLD
from command_api.http.paths import CLUB
from holdfast.contracts.queries import Me
from holdfast.openapi.operation import Answer, Operation, Operations

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
}
