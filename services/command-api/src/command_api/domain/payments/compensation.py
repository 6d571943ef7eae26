"""Bookings that lose what they had to somebody else, and what they are offered for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.records import BookingRecord, ConflictRecord, HoldRecord, Record
from command_api.domain.views.notices import notice_of
from holdfast.contracts.bookings import CompensationOffer
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import BookingStatus, PaymentStatus, Reason
from holdfast.contracts.venues import Policy

VIP = "vip"


def is_vip(booking: BookingRecord) -> bool:
    return booking.tier is not None and booking.tier.lower() == VIP


def compensation_of(policy: Policy, booking: BookingRecord) -> CompensationOffer:
    """By the policy's table. Who paid gets it back, less the deposit where the policy keeps that;
    of several credits (paid, VIP, else standard) the highest. VIPs come first from then on."""
    table = policy.compensation
    paid, vip = booking.payment_status is PaymentStatus.PAID, is_vip(booking)
    earned = [table.credit_paid] if paid else []
    earned += [table.credit_vip] if vip else []
    return CompensationOffer(
        refund_amount=_refund(booking, keep_deposit=not table.refund_deposit) if paid else 0,
        credit_amount=max(earned, default=table.credit_standard),
        priority=vip,
    )


def _refund(booking: BookingRecord, *, keep_deposit: bool) -> int:
    """Where nobody said how much was paid, it was the deposit, or without one the price."""
    paid = booking.paid_amount or booking.deposit_amount or booking.total_amount
    return max(0, paid - booking.deposit_amount) if keep_deposit else paid


def displace(
    draft: Draft,
    booking: BookingRecord,
    cause_actor: Actor,
    *,
    conflict_id: str | None,
    by: Iterable[str],
    reason: Reason = Reason.BOOKING_DISPLACED,
) -> BookingRecord:
    """The booking is cancelled for the records `by` (a block, another booking), loses the claims that
    it has, and is offered compensation; it as it is then. `draft` is that of the booking's own
    channel: `draft.home_of(claim)` where it was found by a claim.

    Two changes, each with its notice: `booking.cancelled`, then `compensation.due` with the amounts.
    """
    cause = Cause(reason, cause_actor, hold_id=booking.hold_id, booking_id=booking.id)
    draft.relies_on_future(booking.approval_expires_at)
    draft.step(
        cause,
        [
            Change(section_id, booking.id, None)
            for section_id in booking.claims
            if draft.claim(section_id, booking.id) is not None
        ],
    )
    offer = compensation_of(draft.venue.policy, booking)
    cancelled = msgspec.structs.replace(
        booking,
        status=BookingStatus.CANCELLED,
        conflict_id=conflict_id or booking.conflict_id,
        approval_expires_at=None,
        updated_at=draft.now,
        revision=booking.revision + 1,
        version=draft.version,
    )
    context = {"conflictId": conflict_id, "displacedBy": list(by)}
    save_with(draft, cancelled, NoticeType.BOOKING_CANCELLED, cause, context)
    compensated = msgspec.structs.replace(
        cancelled,
        compensation=offer,
        payment_status=(
            PaymentStatus.REFUND_DUE if offer.refund_amount else cancelled.payment_status
        ),
        revision=cancelled.revision + 1,
    )
    amounts = {**context, **amounts_of(offer), "currency": booking.currency}
    save_with(draft, compensated, NoticeType.COMPENSATION_DUE, cause, amounts)
    return compensated


def owe(draft: Draft, hold: HoldRecord, cause: Cause, *, by_clock: bool = False) -> HoldRecord:
    """What was paid for a hold that ended without a booking is to be paid back; the hold as it is
    then. For a hold that nothing was paid for, nothing happens."""
    if hold.paid_amount <= hold.refund_due:
        return hold
    owed = msgspec.structs.replace(
        hold, refund_due=hold.paid_amount, revision=hold.revision + 1, updated_at=draft.now
    )
    offer = CompensationOffer(refund_amount=hold.paid_amount - hold.refund_due)
    data = {**amounts_of(offer), "currency": hold.currency}
    save_with(draft, owed, NoticeType.COMPENSATION_DUE, cause, data, by_clock=by_clock)
    return owed


def amounts_of(offer: CompensationOffer) -> dict[str, Any]:
    """The offer as it stands in a notice."""
    return {
        "refundAmount": offer.refund_amount,
        "creditAmount": offer.credit_amount,
        "priority": offer.priority,
    }


def save_with(
    draft: Draft,
    record: Record,
    type_: NoticeType,
    cause: Cause,
    data: Mapping[str, Any],
    *,
    by_clock: bool = False,
) -> None:
    """As `draft.save`, with more in the notice than the record says by itself."""
    draft.save(record, None, cause, by_clock=by_clock)
    notice = notice_of(record, draft.channel, type_, actor=cause.actor, reason=cause.reason)
    notice.data = {**notice.data, **data}
    draft.notices.append(notice)


def conflict_record(
    draft: Draft,
    conflict_id: str,
    actor: Actor,
    *,
    section_ids: Iterable[str],
    booking_ids: Iterable[str],
) -> ConflictRecord:
    """An open conflict in the draft's channel, not saved yet."""
    key = draft.state.key
    return ConflictRecord(
        id=conflict_id,
        club=key.club,
        venue=key.venue,
        date=key.date,
        slot=key.slot,
        customer_id=None,
        actor=actor,
        created_at=draft.now,
        updated_at=draft.now,
        revision=1,
        version=draft.version,
        section_ids=list(section_ids),
        booking_ids=list(booking_ids),
    )
