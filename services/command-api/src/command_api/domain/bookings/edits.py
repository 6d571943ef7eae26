"""Edits: what is known about a booking changes, what is booked stays."""

from __future__ import annotations

from typing import Any

from command_api.domain.bookings.booking import (
    cause_of,
    changed,
    check_status,
    find_booking,
    not_now,
)
from command_api.domain.bookings.confirming import units_of
from command_api.domain.commands import Asker, EditBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.asked import check_party
from command_api.domain.model import Scope
from command_api.domain.records import ACTIVE_BOOKINGS, BookingRecord
from command_api.domain.views.answers import answer_of
from holdfast.contracts.bookings import BookingChange
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, Reason

_EDITABLE = ACTIVE_BOOKINGS | {BookingStatus.CONFLICTED}


def edit_booking(scope: Scope, command: EditBooking, now: str) -> Decision | Rejection:
    """By its customer until the start, by staff while it is active. An edit of another revision than
    the present one is refused, unless there is nothing left to change: then it was carried out
    before, and is answered again (RFC 9110 §13.1.1)."""
    booking = find_booking(scope, command)
    if isinstance(booking, Rejection):
        return booking
    if denied := check_status(booking, now, _EDITABLE, "changed"):
        return denied
    draft = Draft(scope, now)
    changes = _changes(booking, command.change)
    if not changes:
        return draft.close(answer_of(booking, now))
    denied = (
        _check_revision(booking, command.revision)
        or _check_hour(draft, booking, command.asker)
        or _check_party(draft, booking, changes)
    )
    if denied is not None:
        return denied
    draft.relies_on_future(booking.approval_expires_at)
    edited = changed(draft, booking, **changes)
    cause = cause_of(Reason.BOOKING_CHANGED, command.asker.actor, booking)
    draft.save(edited, NoticeType.BOOKING_CHANGED, cause)
    return draft.close(answer_of(edited, now))


def _changes(booking: BookingRecord, change: BookingChange) -> dict[str, Any]:
    """What the edit would really change, by the record's fields. An empty text takes away what was
    there."""
    wanted: dict[str, Any] = {}
    if change.contact is not None:
        wanted["contact"] = change.contact
    if change.party_size is not None:
        wanted["party_size"] = change.party_size
    if change.notes is not None:
        wanted["notes"] = change.notes or None
    if change.special_requests is not None:
        wanted["special_requests"] = change.special_requests or None
    if change.metadata is not None:
        wanted["metadata"] = change.metadata
    return {name: value for name, value in wanted.items() if getattr(booking, name) != value}


def _check_revision(booking: BookingRecord, revision: int) -> Rejection | None:
    if booking.revision == revision:
        return None
    return Rejection(
        code=Code.VERSION_MISMATCH,
        detail=f"The booking is at revision {booking.revision}.",
        facts={"version": booking.revision},
    )


def _check_hour(draft: Draft, booking: BookingRecord, asker: Asker) -> Rejection | None:
    if asker.is_staff:
        return None
    if draft.now >= booking.starts_at:
        detail = f"The booking could be changed until its start, at {booking.starts_at}."
        return not_now(booking, detail, since=booking.starts_at)
    draft.relies_on_future(booking.starts_at)
    return None


def _check_party(draft: Draft, booking: BookingRecord, changes: dict[str, Any]) -> Rejection | None:
    units = units_of(draft.venue, booking.items)
    return check_party(draft.venue, units, changes.get("party_size")) if units else None
