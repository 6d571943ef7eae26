"""Visits: the guest comes, goes, or does not come. Who may say so is checked before."""

from __future__ import annotations

from command_api.domain.bookings.booking import (
    cause_of,
    changed,
    check_status,
    end_booking,
    find_booking,
    not_now,
)
from command_api.domain.commands import MoveBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.model import Scope
from command_api.domain.records import BookingRecord
from command_api.domain.times import later
from command_api.domain.views.answers import answer_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.states import BookingStatus, Reason

EARLY = 12 * 3600
"""Seconds before the start from which on a guest may be there: nearer to this date's slot than to
that of the day before, so that nobody is checked in for the wrong night."""


def check_in(scope: Scope, command: MoveBooking, now: str) -> Decision | Rejection:
    """From 12 hours before the start until the end. The sections stay as they are."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    draft = Draft(scope, now)
    if booking.status is BookingStatus.CHECKED_IN:
        return draft.close(answer_of(booking, now))
    denied = check_status(booking, now, (BookingStatus.CONFIRMED,), "checked in") or _too_early(
        draft, booking
    )
    if denied is not None:
        return denied
    if now >= booking.ends_at:
        detail = f"The booking was for a time that ended at {booking.ends_at}."
        return not_now(booking, detail, since=booking.ends_at)
    draft.relies_on_future(booking.ends_at)
    checked_in = changed(
        draft, booking, status=BookingStatus.CHECKED_IN, status_reason=command.reason
    )
    cause = cause_of(Reason.BOOKING_CHECKED_IN, command.asker.actor, booking)
    draft.save(checked_in, NoticeType.BOOKING_CHECKED_IN, cause)
    return draft.close(answer_of(checked_in, now))


def complete(scope: Scope, command: MoveBooking, now: str) -> Decision | Rejection:
    """The guest has gone, checked in before or not (then not sooner than they could have been), and
    the sections can be sold again."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    draft = Draft(scope, now)
    if booking.status is BookingStatus.COMPLETED:
        return draft.close(answer_of(booking, now))
    allowed = (BookingStatus.CHECKED_IN, BookingStatus.CONFIRMED)
    if denied := check_status(booking, now, allowed, "completed"):
        return denied
    if booking.status is BookingStatus.CONFIRMED and (denied := _too_early(draft, booking)):
        return denied
    completed = end_booking(
        draft,
        booking,
        cause_of(Reason.BOOKING_COMPLETED, command.asker.actor, booking),
        NoticeType.BOOKING_COMPLETED,
        status=BookingStatus.COMPLETED,
        status_reason=command.reason,
    )
    return draft.close(answer_of(completed, now))


def no_show(scope: Scope, command: MoveBooking, now: str) -> Decision | Rejection:
    """Once the slot has started. The sections can be sold again; what was paid stays paid."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    draft = Draft(scope, now)
    if booking.status is BookingStatus.NO_SHOW:
        return draft.close(answer_of(booking, now))
    if denied := check_status(booking, now, (BookingStatus.CONFIRMED,), "marked as a no-show"):
        return denied
    if now < booking.starts_at:
        detail = f"Nobody is late before the start, at {booking.starts_at}."
        return not_now(booking, detail, until=booking.starts_at)
    draft.relies_on_past(booking.starts_at)
    missed = end_booking(
        draft,
        booking,
        cause_of(Reason.BOOKING_NO_SHOW, command.asker.actor, booking),
        NoticeType.BOOKING_NO_SHOW,
        status=BookingStatus.NO_SHOW,
        status_reason=command.reason,
    )
    return draft.close(answer_of(missed, now))


def _too_early(draft: Draft, booking: BookingRecord) -> Rejection | None:
    opens_at = later(booking.starts_at, -EARLY)
    if draft.now < opens_at:
        detail = f"Guests of this booking are expected from {opens_at} on."
        return not_now(booking, detail, until=opens_at)
    draft.relies_on_past(opens_at)
    return None
