"""Payments as signed events tell of them: in any order, more than once, for what has ended too.

    hold      active ─▶ paid        expired ─▶ taken again, if all of it is free, else late
    booking   to come, or over ─▶ paid        cancelled, declined, expired, released hold ─▶ late

Late: it is to be paid back, and two notices say so, `payment.late` and `compensation.due`. Here alone
a record that has ended changes: whoever hands one in sees to it that it is the latest.
"""

from __future__ import annotations

from typing import Any

import msgspec

from command_api.domain.commands import RecordPayment
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause
from command_api.domain.holds.expiry import expire_hold, expire_record
from command_api.domain.holds.retaking import take_again
from command_api.domain.model import Scope
from command_api.domain.payments.compensation import amounts_of, save_with
from command_api.domain.payments.transactions import Posted, passed_over, post
from command_api.domain.records import BookingRecord, HoldRecord
from holdfast.contracts.bookings import CompensationOffer, Payment
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.payments import PaymentEvent, PaymentEventResult
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import (
    ActorType,
    BookingStatus,
    HoldStatus,
    PaymentStatus,
    Reason,
)

PAYMENTS = Actor(type=ActorType.SERVICE, id="payments")

_LOST = frozenset({BookingStatus.CANCELLED, BookingStatus.DECLINED, BookingStatus.EXPIRED})
"""Nobody pays for these: what comes in is to be paid back. (A guest who was there may pay after.)"""


def record_payment(scope: Scope, command: RecordPayment, now: str) -> Decision | Rejection:
    """Where nothing is to change (a repeat, another currency, a payment that failed) the answer says
    so. The caller finds the booking that a hold became."""
    event = command.event
    record = scope.channel.records.get(command.record_id) or command.record
    if not isinstance(record, HoldRecord | BookingRecord):
        return _missing(command.record_id, event)
    if isinstance(record, HoldRecord) and record.status is HoldStatus.CONFIRMED:
        return _missing(record.booking_id or record.id, event)
    draft = Draft(scope, now)
    answer = passed_over(record, event, command.event_id)
    if answer is None:
        posted = post(record, event, command.event_id)
        if isinstance(record, HoldRecord):
            answer = _for_hold(draft, record, event, posted)
        else:
            answer = _for_booking(draft, record, event, posted)
    return draft.close(answer)


def _missing(record_id: str, event: PaymentEvent) -> Rejection:
    if event.booking_id is None:
        return Rejection(code=Code.HOLD_NOT_FOUND, detail=f"There is no hold {record_id}.")
    return Rejection(code=Code.BOOKING_NOT_FOUND, detail=f"There is no booking {record_id}.")


def _for_hold(
    draft: Draft, hold: HoldRecord, event: PaymentEvent, posted: Posted
) -> PaymentEventResult:
    due = hold.status is HoldStatus.ACTIVE and hold.expires_at <= draft.now
    if hold.status is HoldStatus.ACTIVE and not due:
        draft.relies_on_future(hold.expires_at)
    elif posted.more > 0:
        taken = take_again(draft, hold, PAYMENTS)
        if taken is None:
            return _late(draft, expire_hold(draft, hold) if due else hold, event, posted)
        hold = taken
    elif due:
        hold = expire_hold(draft, hold)
    owed = min(max(0, hold.refund_due + min(0, posted.more)), posted.paid)
    changed = msgspec.structs.replace(
        hold,
        transactions=posted.transactions,
        paid_amount=posted.paid,
        payment=_payment(hold, event) if posted.paid else None,
        refund_due=owed,
        updated_at=draft.now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    save_with(draft, changed, NoticeType.HOLD_CHANGED, _cause(hold, event), _data(event, posted))
    return PaymentEventResult(outcome="applied", detail=posted.detail)


def _for_booking(
    draft: Draft, booking: BookingRecord, event: PaymentEvent, posted: Posted
) -> PaymentEventResult:
    if booking.status is BookingStatus.PENDING_APPROVAL:
        due = booking.approval_expires_at
        if due is not None and due <= draft.now:
            expire_record(draft, booking.id)
            expired = draft.record(booking.id)
            assert isinstance(expired, BookingRecord)
            booking = expired
        else:
            draft.relies_on_future(due)
    if booking.status in _LOST and posted.more > 0:
        return _late(draft, booking, event, posted)
    changed = msgspec.structs.replace(
        booking,
        transactions=posted.transactions,
        paid_amount=posted.paid,
        payment=_payment(booking, event),
        payment_status=_status(booking, posted),
        updated_at=draft.now,
        revision=booking.revision + 1,
        version=draft.version,
    )
    cause = _cause(booking, event)
    save_with(draft, changed, NoticeType.BOOKING_CHANGED, cause, _data(event, posted))
    return PaymentEventResult(outcome="applied", booking_id=booking.id, detail=posted.detail)


def _status(booking: BookingRecord, posted: Posted) -> PaymentStatus:
    """Nothing is left of what was paid: refunded, even where the refund was told of first. A refund of
    what nobody has heard was paid says nothing yet."""
    if posted.paid == 0 and any(known.paid for known in posted.transactions.values()):
        return PaymentStatus.REFUNDED
    return PaymentStatus.PAID if posted.more > 0 else booking.payment_status


def _late(
    draft: Draft, record: HoldRecord | BookingRecord, event: PaymentEvent, posted: Posted
) -> PaymentEventResult:
    """The money came for what is gone: all of it is to be paid back."""
    cause = _cause(record, event, Reason.PAYMENT_LATE)
    changes: dict[str, Any] = {
        "transactions": posted.transactions,
        "paid_amount": posted.paid,
        "payment": _payment(record, event),
        "updated_at": draft.now,
        "version": draft.version,
    }
    if isinstance(record, HoldRecord):
        changes["refund_due"] = record.refund_due + posted.more
    else:
        changes["payment_status"] = PaymentStatus.REFUND_DUE
    for type_ in (NoticeType.PAYMENT_LATE, NoticeType.COMPENSATION_DUE):
        record = msgspec.structs.replace(record, revision=record.revision + 1, **changes)
        data = _data(event, posted)
        if type_ is NoticeType.COMPENSATION_DUE:
            data |= amounts_of(CompensationOffer(refund_amount=posted.more))
        save_with(draft, record, type_, cause, data)
    booking_id = record.id if isinstance(record, BookingRecord) else None
    return PaymentEventResult(outcome="late", booking_id=booking_id)


def _payment(record: HoldRecord | BookingRecord, event: PaymentEvent) -> Payment:
    """The first payment stands for all; the transactions have each."""
    return record.payment or Payment(method="online", transaction_id=event.transaction_id)


def _cause(
    record: HoldRecord | BookingRecord, event: PaymentEvent, reason: Reason | None = None
) -> Cause:
    if reason is None:
        refunded = event.type == "payment.refunded"
        reason = Reason.PAYMENT_REFUNDED if refunded else Reason.PAYMENT_ACCEPTED
    if isinstance(record, HoldRecord):
        return Cause(reason, PAYMENTS, hold_id=record.id)
    return Cause(reason, PAYMENTS, hold_id=record.hold_id, booking_id=record.id)


def _data(event: PaymentEvent, posted: Posted) -> dict[str, Any]:
    return {
        "transactionId": event.transaction_id,
        "amount": event.amount,
        "currency": event.currency,
        "paidAmount": posted.paid,
    }
