"""Approval: a request becomes a booking, or is declined. Who may is checked before."""

from __future__ import annotations

import msgspec

from command_api.domain.bookings.booking import (
    cause_of,
    changed,
    check_status,
    end_booking,
    find_booking,
)
from command_api.domain.commands import MoveBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Change
from command_api.domain.holds.expiry import refunded
from command_api.domain.model import Scope, Venue
from command_api.domain.records import BookingRecord
from command_api.domain.venue.days import day_of, no_slot
from command_api.domain.views.answers import answer_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, ClaimKind, Reason

_WAITING = (BookingStatus.PENDING_APPROVAL,)


def approve(scope: Scope, command: MoveBooking, now: str) -> Decision | Rejection:
    """Until its deadline, which is never later than the start. Where a block was laid over one of its
    sections meanwhile, the block comes first."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    draft = Draft(scope, now)
    if booking.status is BookingStatus.CONFIRMED:
        return draft.close(answer_of(booking, now))
    denied = (
        check_status(booking, now, _WAITING, "approved")
        or _check_slot(draft.venue, booking, now)
        or _check_blocks(draft, booking)
    )
    if denied is not None:
        return denied
    cause = cause_of(Reason.BOOKING_APPROVED, command.asker.actor, booking)
    draft.relies_on_future(booking.approval_expires_at)
    draft.relies_on_future(booking.starts_at)
    changes = []
    for section_id in booking.claims:
        claim = draft.claim(section_id, booking.id)
        if claim is not None:
            kept = msgspec.structs.replace(claim, kind=ClaimKind.CONFIRMED, expires_at=None)
            changes.append(Change(section_id, booking.id, kept))
    draft.step(cause, changes)
    approved = changed(
        draft,
        booking,
        status=BookingStatus.CONFIRMED,
        status_reason=command.reason,
        approval_expires_at=None,
    )
    draft.save(approved, NoticeType.BOOKING_APPROVED, cause)
    return draft.close(answer_of(approved, now))


def decline(scope: Scope, command: MoveBooking, now: str) -> Decision | Rejection:
    """Its sections are free again, and what was paid is to be paid back."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    draft = Draft(scope, now)
    if booking.status is BookingStatus.DECLINED:
        return draft.close(answer_of(booking, now))
    if denied := check_status(booking, now, _WAITING, "declined"):
        return denied
    draft.relies_on_future(booking.approval_expires_at)
    declined = end_booking(
        draft,
        booking,
        cause_of(Reason.BOOKING_DECLINED, command.asker.actor, booking),
        NoticeType.BOOKING_DECLINED,
        status=BookingStatus.DECLINED,
        status_reason=command.reason,
        payment_status=refunded(booking.payment_status),
    )
    return draft.close(answer_of(declined, now))


def _check_slot(venue: Venue, booking: BookingRecord, now: str) -> Rejection | None:
    """The slot may have been closed, or made to start earlier, since the booking was asked for."""
    day = day_of(venue, booking.date, booking.slot)
    if day is None:
        return no_slot(venue, booking.date, booking.slot)
    if day.closed:
        detail = f"Slot {booking.slot} was closed on {booking.date}."
        return Rejection(code=Code.SLOT_CLOSED, detail=detail)
    starts_at = min(booking.starts_at, day.starts_at)
    if now >= starts_at:
        detail = f"Slot {booking.slot} started at {starts_at}."
        return Rejection(code=Code.SLOT_CLOSED, detail=detail, valid_from=starts_at)
    return None


def _check_blocks(draft: Draft, booking: BookingRecord) -> Rejection | None:
    blocked = [
        section_id
        for section_id in booking.claims
        if any(claim.kind is ClaimKind.BLOCK for claim in draft.claims(section_id))
    ]
    if not blocked:
        return None
    return Rejection(
        code=Code.BLOCK_CONFLICT,
        detail=f"{len(blocked)} of the booking's sections were blocked meanwhile.",
        facts={"conflictingSections": blocked},
    )
