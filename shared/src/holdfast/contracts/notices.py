"""Notices: life-cycle of holds, bookings, blocks, waitlist; bodies of `bookings.v1.…`.

At least once: dedupe by `ce-id`; `revision` orders the notices of one object. No personal data.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import field

from holdfast.contracts.ids import Timestamp
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import Reason
from holdfast.contracts.wire import Wire


class NoticeType(StrEnum):
    """`{object}.{verb}`, the last two tokens of the subject."""

    HOLD_CREATED = "hold.created"
    HOLD_CHANGED = "hold.changed"
    HOLD_EXTENDED = "hold.extended"
    HOLD_RELEASED = "hold.released"
    HOLD_EXPIRED = "hold.expired"
    HOLD_EXPIRING = "hold.expiring"
    """To the customer only: it ends soon."""
    BOOKING_REQUESTED = "booking.requested"
    BOOKING_APPROVED = "booking.approved"
    BOOKING_DECLINED = "booking.declined"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_CHANGED = "booking.changed"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_RESCHEDULED = "booking.rescheduled"
    BOOKING_CHECKED_IN = "booking.checked_in"
    BOOKING_COMPLETED = "booking.completed"
    BOOKING_NO_SHOW = "booking.no_show"
    BLOCK_CREATED = "block.created"
    BLOCK_REMOVED = "block.removed"
    WAITLIST_JOINED = "waitlist.joined"
    WAITLIST_OFFERED = "waitlist.offered"
    WAITLIST_ACCEPTED = "waitlist.accepted"
    WAITLIST_DECLINED = "waitlist.declined"
    WAITLIST_EXPIRED = "waitlist.expired"
    WAITLIST_LEFT = "waitlist.left"
    """Without an open offer; with one it is `declined`."""
    PAYMENT_LATE = "payment.late"
    COMPENSATION_DUE = "compensation.due"
    CONFLICT_OPENED = "conflict.opened"
    CONFLICT_RESOLVED = "conflict.resolved"


PRIVATE_NOTICES = frozenset({NoticeType.HOLD_EXPIRING})
"""For the customer's own channel only, not for `bookings.v1`."""


class Notice(Wire, kw_only=True):
    """One step in the life of one object."""

    type: NoticeType
    club_id: str
    venue_id: str
    date: str
    slot_id: str
    channel: str
    version: int
    """The channel's version after the step."""
    object_id: str
    revision: int
    status: str
    section_ids: list[str]
    customer_id: str | None
    actor: Actor
    reason: Reason
    occurred_at: Timestamp
    data: dict[str, Any] = field(default_factory=dict)


def notice_ce_type(type_: NoticeType) -> str:
    """CloudEvents type, for instance `holdfast.hold.created.v1`."""
    return f"holdfast.{type_.value}.v1"
