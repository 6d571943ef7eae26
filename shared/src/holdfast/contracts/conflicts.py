"""Conflicts: bookings made elsewhere for sections that are taken here, and how they are resolved."""

from __future__ import annotations

from msgspec import field

from holdfast.contracts.bookings import CompensationOffer
from holdfast.contracts.ids import Id, Timestamp
from holdfast.contracts.queries import Alternative
from holdfast.contracts.wire import Request, Wire


class Conflict(Wire, kw_only=True):
    """Bookings that want the same sections: `bookingIds` are those that have them, then the one that
    was made elsewhere. `compensations` by booking: what those who lost are offered; `alternatives` by
    booking: what they could take instead, best first, only in the answer to the resolving."""

    conflict_id: str
    date: str
    slot_id: str
    section_id: str
    """The first of `sectionIds`."""
    booking_ids: list[str]
    winner_id: str | None
    resolved_at: Timestamp | None
    resolved_by: str | None
    """Whose word it was, or `rule`."""
    compensations: dict[str, CompensationOffer]
    section_ids: list[str] = field(default_factory=list)
    """What the booking made elsewhere wants and cannot have."""
    created_at: Timestamp | None = None
    channel: str | None = None
    version: int | None = None
    """The channel's, after the conflict's last change."""
    alternatives: dict[str, list[Alternative]] = field(default_factory=dict)


class ConflictPage(Wire, kw_only=True):
    items: list[Conflict]
    next_page_token: str | None = None


class ResolveRequest(Request, kw_only=True):
    """Body of `POST …/conflicts/{id}/resolve`: the winner by a manager's word; by rule where none is
    given. May be empty."""

    winner_id: Id | None = None
