"""What signed events say of money, added up: each counts once, in whichever order they come."""

from __future__ import annotations

from typing import NamedTuple

from command_api.domain.records import BookingRecord, HoldRecord, Refund, Transaction
from holdfast.contracts.payments import PaymentEvent, PaymentEventResult

NOTHING = Transaction()


class Posted(NamedTuple):
    """A record's transactions after an event, what is paid then, and how much more that is than
    before. `detail`: what of the event counts for nothing, and why."""

    transactions: dict[str, Transaction]
    paid: int
    more: int
    detail: str | None = None


def passed_over(
    record: HoldRecord | BookingRecord, event: PaymentEvent, event_id: str
) -> PaymentEventResult | None:
    """The answer to an event that changes nothing; None: it is to be posted."""
    booking_id = record.id if isinstance(record, BookingRecord) else record.booking_id
    known = record.transactions.get(event.transaction_id, NOTHING)
    if _is_known(known, event, event_id):
        return PaymentEventResult(outcome="duplicate", booking_id=booking_id)
    if event.type == "payment.failed":
        detail = "A payment that failed changes nothing."
    elif event.currency != record.currency:
        detail = f"The price is in {record.currency}; {event.currency} is not added to it."
    elif event.amount == 0:
        detail = "An amount of 0 changes nothing."
    elif event.type == "payment.refunded" and known.paid > 0 and _left(known) == 0:
        detail = f"All of the {known.paid} that {event.transaction_id} paid was refunded before."
    else:
        return None
    return PaymentEventResult(outcome="ignored", booking_id=booking_id, detail=detail)


def _is_known(known: Transaction, event: PaymentEvent, event_id: str) -> bool:
    """A transaction succeeds once. A refund is known by its event's id, or by its time and amount:
    senders may tell of the same one under a new id."""
    if event.type == "payment.succeeded":
        return known.paid > 0
    return event.type == "payment.refunded" and any(
        refund.event_id == event_id
        or (refund.occurred_at, refund.amount) == (event.occurred_at, event.amount)
        for refund in known.refunds
    )


def post(record: HoldRecord | BookingRecord, event: PaymentEvent, event_id: str) -> Posted:
    """Add an event that `passed_over` let through. A refund that comes before its payment waits in
    the transaction; more than was paid cannot be refunded."""
    before = record.transactions.get(event.transaction_id, NOTHING)
    if event.type == "payment.refunded":
        refund = Refund(event_id, event.occurred_at, event.amount)
        after = Transaction(before.paid, (*before.refunds, refund))
    else:
        after = Transaction(event.amount, before.refunds)
    paid = max(0, record.paid_amount + _left(after) - _left(before))
    transactions = {**record.transactions, event.transaction_id: after}
    return Posted(transactions, paid, paid - record.paid_amount, _beyond(after, event))


def _beyond(transaction: Transaction, event: PaymentEvent) -> str | None:
    """Told where a transaction paid back more than it had: whichever event comes second knows."""
    over = sum(refund.amount for refund in transaction.refunds) - transaction.paid
    if transaction.paid == 0 or over <= 0:
        return None
    return (
        f"{event.transaction_id} paid {transaction.paid}, and {over} more than that was refunded:"
        " the difference counts for nothing."
    )


def _left(transaction: Transaction) -> int:
    return max(0, transaction.paid - sum(refund.amount for refund in transaction.refunds))
