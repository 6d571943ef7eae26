"""Signed payment events (Standard Webhooks), in any order and more than once."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from holdfast.contracts.ids import Amount, Currency, Id, Timestamp
from holdfast.contracts.wire import Request, Wire


class PaymentEvent(Request, kw_only=True):
    """Body of `POST …/payments/events`: what happened to one transaction, for a hold or a booking.
    Each succeeds once; of one transaction there may be several refunds."""

    type: Literal["payment.succeeded", "payment.failed", "payment.refunded"]
    transaction_id: Annotated[str, Meta(min_length=1, max_length=200)]
    hold_id: Id | None = None
    booking_id: Id | None = None
    amount: Amount
    currency: Currency
    occurred_at: Timestamp


class PaymentEventResult(Wire, kw_only=True):
    """`late`: it came for what had ended, and is to be paid back. `detail` says why an event was
    ignored, or that more was refunded than was paid: the difference counts for nothing."""

    outcome: Literal["applied", "duplicate", "late", "ignored"]
    booking_id: str | None = None
    detail: str | None = None
