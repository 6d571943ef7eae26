"""Bookings: a hold becomes one; one is cancelled."""

from __future__ import annotations

import msgspec

from command_api.domain.answers import answer_of
from command_api.domain.asked import check_party, invalid
from command_api.domain.commands import CancelBooking, ConfirmHold
from command_api.domain.days import day_of, no_slot
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft import Draft
from command_api.domain.expiry import refunded
from command_api.domain.hold_changes import live_hold, owns
from command_api.domain.model import ACTIVE_BOOKINGS, BookingRecord, Day, HoldRecord, Scope
from command_api.domain.step import Cause, Change
from command_api.domain.times import later
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import (
    BookingStatus,
    ClaimKind,
    HoldStatus,
    PaymentStatus,
    Reason,
)


def confirm_hold(scope: Scope, command: ConfirmHold, now: str) -> Decision | Rejection:
    """The hold's claims become the booking's; it waits for approval where the policy asks for it
    and the asker may not approve it themselves."""
    hold = live_hold(scope, command, now)
    if isinstance(hold, Rejection):
        return hold
    day = day_of(scope.venue, hold.date, hold.slot)
    if day is None:
        return no_slot(scope.venue, hold.date, hold.slot)
    if denied := _check_confirm(scope, command, hold, day):
        return denied
    draft = Draft(scope, now)
    draft.relies_on_future(hold.expires_at)
    booking = _booking(draft, command, hold, day)
    pending = booking.status is BookingStatus.PENDING_APPROVAL
    reason = Reason.BOOKING_REQUESTED if pending else Reason.BOOKING_CONFIRMED
    cause = Cause(reason, command.asker.actor, hold_id=hold.id, booking_id=booking.id)
    changes = []
    for section_id in hold.claims:
        claim = scope.channel.claims[section_id][hold.id]
        changes.append(Change(section_id, hold.id, _claim(claim, booking)))
    draft.step(cause, changes)
    booking.version = draft.version
    confirmed = msgspec.structs.replace(
        hold,
        status=HoldStatus.CONFIRMED,
        booking_id=booking.id,
        updated_at=now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    draft.save(confirmed, None, cause)
    type_ = NoticeType.BOOKING_REQUESTED if pending else NoticeType.BOOKING_CONFIRMED
    draft.save(booking, type_, cause)
    return draft.close(answer_of(booking, now), created=True)


def _check_confirm(
    scope: Scope, command: ConfirmHold, hold: HoldRecord, day: Day
) -> Rejection | None:
    asker, request = command.asker, command.request
    if day.closed and not asker.is_staff:
        return Rejection(
            code=Code.SLOT_CLOSED, detail=f"Slot {hold.slot} was closed on {hold.date}."
        )
    if request.contact is None and not asker.is_staff:
        return invalid("contact", "a booking needs a contact")
    units = [
        (unit, item.quantity)
        for item in hold.items
        if (unit := scope.venue.units.get(item.section_id)) is not None
    ]
    if denied := check_party(scope.venue, units, request.party_size):
        return denied
    if hold.deposit_amount > 0 and not asker.is_staff:
        return Rejection(
            code=Code.PAYMENT_REQUIRED,
            detail="A deposit is to be paid before this hold can be confirmed.",
            facts={"depositAmount": hold.deposit_amount, "currency": hold.currency},
        )
    return None


def _booking(draft: Draft, command: ConfirmHold, hold: HoldRecord, day: Day) -> BookingRecord:
    asker, request, policy, now = command.asker, command.request, draft.venue.policy, draft.now
    pending = policy.requires_approval and not asker.may_manage
    payment_status = PaymentStatus.NONE
    if request.payment is not None:
        payment_status = PaymentStatus.PAID if asker.is_staff else PaymentStatus.REFERENCED
    return BookingRecord(
        id=command.booking_id,
        club=hold.club,
        venue=hold.venue,
        date=hold.date,
        slot=hold.slot,
        customer_id=hold.customer_id,
        actor=asker.actor,
        created_at=now,
        updated_at=now,
        revision=1,
        version=draft.version,
        status=BookingStatus.PENDING_APPROVAL if pending else BookingStatus.CONFIRMED,
        reference=command.reference,
        hold_id=hold.id,
        series_id=None,
        claims=hold.claims,
        items=hold.items,
        party_size=request.party_size or hold.party_size,
        total_amount=hold.total_amount,
        deposit_amount=hold.deposit_amount,
        currency=hold.currency,
        payment_status=payment_status,
        payment=request.payment,
        contact=request.contact,
        notes=request.notes,
        special_requests=request.special_requests,
        metadata=request.metadata,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        approval_expires_at=later(now, policy.approval_ttl_seconds) if pending else None,
        tier=asker.tier,
    )


def _claim(held: Claim, booking: BookingRecord) -> Claim:
    pending = booking.status is BookingStatus.PENDING_APPROVAL
    return msgspec.structs.replace(
        held,
        claim_id=booking.id,
        kind=ClaimKind.PENDING if pending else ClaimKind.CONFIRMED,
        actor=booking.actor,
        since=booking.created_at,
        expires_at=booking.approval_expires_at,
    )


def cancel_booking(scope: Scope, command: CancelBooking, now: str) -> Decision | Rejection:
    """By its customer until `cancelUntilMinutes` before the start, by staff at any time; again the
    same answer where it is cancelled already."""
    booking = scope.channel.records.get(command.booking_id) or command.record
    if not isinstance(booking, BookingRecord):
        detail = f"There is no booking {command.booking_id}."
        return Rejection(code=Code.BOOKING_NOT_FOUND, detail=detail)
    if not owns(command.asker, booking.customer_id):
        detail = "The booking belongs to somebody else."
        return Rejection(code=Code.ACTION_NOT_PERMITTED, detail=detail)
    draft = Draft(scope, now)
    if booking.status is BookingStatus.CANCELLED:
        return draft.close(answer_of(booking, now))
    if booking.status not in ACTIVE_BOOKINGS:
        return _not_now(booking, f"The booking is {booking.status.value} already.")
    due = booking.approval_expires_at
    if due is not None and due <= now:
        expired = msgspec.structs.replace(booking, status=BookingStatus.EXPIRED)
        return _not_now(expired, "Nobody approved the booking in time.", since=due)
    if not command.asker.is_staff:
        deadline = later(booking.starts_at, -60 * scope.venue.policy.cancel_until_minutes)
        if now >= deadline:
            detail = f"The booking could be cancelled until {deadline}."
            return _not_now(booking, detail, since=deadline)
        draft.relies_on_future(deadline)
    return _cancel(draft, booking, command)


def _cancel(draft: Draft, booking: BookingRecord, command: CancelBooking) -> Decision:
    cause = Cause(
        Reason.BOOKING_CANCELLED,
        command.asker.actor,
        hold_id=booking.hold_id,
        booking_id=booking.id,
    )
    draft.relies_on_future(booking.approval_expires_at)
    draft.step(cause, [Change(section_id, booking.id, None) for section_id in booking.claims])
    cancelled = msgspec.structs.replace(
        booking,
        status=BookingStatus.CANCELLED,
        payment_status=refunded(booking.payment_status),
        approval_expires_at=None,
        updated_at=draft.now,
        revision=booking.revision + 1,
        version=draft.version,
    )
    draft.save(cancelled, NoticeType.BOOKING_CANCELLED, cause)
    return draft.close(answer_of(cancelled, draft.now))


def _not_now(booking: BookingRecord, detail: str, *, since: str | None = None) -> Rejection:
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail=detail,
        facts={"currentStatus": booking.status.value},
        valid_from=since,
    )
