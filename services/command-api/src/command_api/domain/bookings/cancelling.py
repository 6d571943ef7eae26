"""Cancelling: by the customer in time, by staff."""

from __future__ import annotations

from command_api.domain.bookings.booking import (
    cause_of,
    check_status,
    end_booking,
    find_booking,
    not_now,
)
from command_api.domain.commands import Asker, CancelBooking
from command_api.domain.conflicts.resolving import withdraw
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.expiry import refunded
from command_api.domain.model import Scope
from command_api.domain.records import BookingRecord
from command_api.domain.times import later
from command_api.domain.views.answers import answer_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, Reason

_OPEN = frozenset(
    {BookingStatus.PENDING_APPROVAL, BookingStatus.CONFIRMED, BookingStatus.CONFLICTED}
)


def cancel_booking(scope: Scope, command: CancelBooking, now: str) -> Decision | Rejection:
    """Again the same answer where it is cancelled already, by whomever: also one that was displaced,
    with what it is offered for that."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    draft = Draft(scope, now)
    if booking.status is BookingStatus.CANCELLED:
        return draft.close(answer_of(booking, now))
    if denied := check_cancel(draft, booking, command.asker):
        return denied
    cancelled = cancel(draft, booking, command.asker, command.reason)
    return draft.close(answer_of(cancelled, now))


def check_cancel(draft: Draft, booking: BookingRecord, asker: Asker) -> Rejection | None:
    """Customers: a confirmed booking until `cancelUntilMinutes` before the start, a request as long as
    nobody has approved it. Staff at any time; once the guest is there, managers only."""
    arrived = booking.status is BookingStatus.CHECKED_IN
    if arrived and asker.is_staff and not asker.may_manage:
        detail = "The guest has been checked in: only managers may cancel now."
        return Rejection(code=Code.ACTION_NOT_PERMITTED, detail=detail)
    allowed = _OPEN | {BookingStatus.CHECKED_IN} if asker.may_manage else _OPEN
    if denied := check_status(booking, draft.now, allowed, "cancelled"):
        return denied
    if not asker.is_staff and booking.status is BookingStatus.CONFIRMED:
        deadline = later(booking.starts_at, -60 * draft.venue.policy.cancel_until_minutes)
        if draft.now >= deadline:
            detail = f"The booking could be cancelled until {deadline}."
            return not_now(booking, detail, since=deadline)
        draft.relies_on_future(deadline)
    draft.relies_on_future(booking.approval_expires_at)
    return None


def cancel(draft: Draft, booking: BookingRecord, asker: Asker, reason: str | None) -> BookingRecord:
    """Its sections are free again, and what was paid is to be paid back; the conflict of one that was
    made elsewhere is over."""
    cancelled = end_booking(
        draft,
        booking,
        cause_of(Reason.BOOKING_CANCELLED, asker.actor, booking),
        NoticeType.BOOKING_CANCELLED,
        status=BookingStatus.CANCELLED,
        status_reason=reason,
        payment_status=refunded(booking.payment_status),
    )
    if booking.status is BookingStatus.CONFLICTED:
        withdraw(draft, cancelled, asker.actor)
    return cancelled
