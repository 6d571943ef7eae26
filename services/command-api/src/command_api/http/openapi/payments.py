"""Operations of `…/payments`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from command_api.http.paths import VENUE
from holdfast.contracts.payments import PaymentEvent, PaymentEventResult
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Access, Answer, Body, Operation, Operations, Parameter

TAG = "payments"
_Header = Annotated[str, Meta(min_length=1)]

PAYMENTS: Operations = {
    ("POST", VENUE + "/payments/events"): Operation(
        id="takePaymentEvent",
        tag=TAG,
        summary="Tell of a payment",
        words="Signed by Standard Webhooks with a secret of the club; no token, no key. In any order "
        "and more than once: a repeat is a `duplicate`. Any 2xx is final; send again after all else.",
        access=Access.SIGNED,
        headers=(
            Parameter("webhook-id", _Header, "Of the event; the same when sent again.", True),
            Parameter("webhook-timestamp", _Header, "Seconds since the Unix epoch.", True),
            Parameter(
                "webhook-signature",
                _Header,
                "`v1,` and base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; several by spaces.",
                True,
            ),
        ),
        body=Body(
            PaymentEvent,
            {
                "type": "payment.succeeded",
                "transactionId": "tx_1",
                "holdId": "hld_0198c1d3f2a5b6c7d8e9f0a1b2c",
                "amount": 2000,
                "currency": "GBP",
                "occurredAt": "2027-03-01T20:03:00.000Z",
            },
        ),
        answers=(
            Answer(
                words="It is taken in.",
                types=(PaymentEventResult,),
                example={"outcome": "applied", "bookingId": None},
            ),
        ),
        codes=(Code.HOLD_NOT_FOUND, Code.BOOKING_NOT_FOUND),
    ),
}
