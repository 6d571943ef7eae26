"""What all changes of a booking share: finding it, whether it may change, its next value, its end."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias

import msgspec

from command_api.domain.commands import (
    CancelBooking,
    EditBooking,
    MoveBooking,
    RescheduleBooking,
)
from command_api.domain.decision import Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.hold_changes import owns
from command_api.domain.model import Scope
from command_api.domain.records import BookingRecord
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import BookingStatus, Reason

OnBooking: TypeAlias = CancelBooking | EditBooking | MoveBooking | RescheduleBooking


def find_booking(scope: Scope, command: OnBooking) -> BookingRecord | Rejection:
    """The booking, active or ended, where it is the asker's; staff may use any."""
    booking = scope.channel.records.get(command.booking_id) or command.record
    if not isinstance(booking, BookingRecord):
        detail = f"There is no booking {command.booking_id}."
        return Rejection(code=Code.BOOKING_NOT_FOUND, detail=detail)
    if not owns(command.asker, booking.customer_id):
        detail = "The booking belongs to somebody else."
        return Rejection(code=Code.ACTION_NOT_PERMITTED, detail=detail)
    return booking


def check_status(
    booking: BookingRecord, now: str, allowed: Collection[BookingStatus], done: str
) -> Rejection | None:
    """`done` is what is to be done to the booking, as in `cannot be {done}`. A request that nobody
    approved in time is expired, whether it was swept or not."""
    due = booking.approval_expires_at
    if booking.status is BookingStatus.PENDING_APPROVAL and due is not None and due <= now:
        expired = msgspec.structs.replace(booking, status=BookingStatus.EXPIRED)
        return not_now(expired, f"Nobody approved the booking until {due}.", since=due)
    if booking.status not in allowed:
        return not_now(booking, f"A booking that is {booking.status.value} cannot be {done}.")
    return None


def not_now(
    booking: BookingRecord, detail: str, *, since: str | None = None, until: str | None = None
) -> Rejection:
    """The booking's status, or the hour, does not allow it; the hour from `since`, or to `until`."""
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail=detail,
        facts={"currentStatus": booking.status.value},
        valid_from=since,
        valid_until=until,
    )


def cause_of(reason: Reason, actor: Actor, booking: BookingRecord) -> Cause:
    return Cause(reason, actor, hold_id=booking.hold_id, booking_id=booking.id)


def changed(draft: Draft, booking: BookingRecord, **changes: Any) -> BookingRecord:
    """The booking's next value, once the step that belongs to it was taken."""
    return msgspec.structs.replace(
        booking,
        updated_at=draft.now,
        revision=booking.revision + 1,
        version=draft.version,
        **changes,
    )


def end_booking(
    draft: Draft, booking: BookingRecord, cause: Cause, type_: NoticeType, **changes: Any
) -> BookingRecord:
    """All its sections become free, and it changes no more; it as it is then."""
    draft.step(
        cause,
        [
            Change(section_id, booking.id, None)
            for section_id in booking.claims
            if draft.claim(section_id, booking.id) is not None
        ],
    )
    ended = changed(draft, booking, approval_expires_at=None, **changes)
    draft.save(ended, type_, cause)
    return ended
