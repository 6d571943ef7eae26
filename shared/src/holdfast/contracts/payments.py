"""Signed payment events (Standard Webhooks), in any order and more than once."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from holdfast.contracts.ids import Amount, Currency, Id, Timestamp
from holdfast.contracts.wire import Request, Wire


class PaymentEvent(Request, kw_only=True):
    type: Literal["payment.succeeded", "payment.failed", "payment.refunded"]
    transaction_id: Annotated[str, Meta(min_length=1, max_length=200)]
    hold_id: Id | None = None
    booking_id: Id | None = None
    amount: Amount
    currency: Currency
    occurred_at: Timestamp


class PaymentEventResult(Wire, kw_only=True):
    outcome: Literal["applied", "duplicate", "late", "ignored"]
    booking_id: str | None = None
