"""Waitlist entries and offers."""

from __future__ import annotations

from msgspec import field

from holdfast.contracts.holds import PartySize
from holdfast.contracts.ids import Date, Id, Timestamp
from holdfast.contracts.states import WaitlistStatus
from holdfast.contracts.wire import Request, Wire


class WaitlistRequest(Request, kw_only=True):
    date: Date
    slot_id: Id
    party_size: PartySize
    category_ids: list[Id] = field(default_factory=list)
    customer_id: Id | None = None


class Offer(Wire, kw_only=True):
    """An offer is a real hold with its own end."""

    offer_id: str
    hold_id: str
    section_ids: list[str]
    expires_at: Timestamp


class WaitlistEntry(Wire, kw_only=True):
    entry_id: str
    status: WaitlistStatus
    customer_id: str | None
    party_size: int
    position: int | None
    """1 is next; null once it waits no more."""
    estimated_minutes: int | None
    offer: Offer | None
    date: str
    slot_id: str
    created_at: Timestamp
    channel: str
    version: int


class WaitlistPage(Wire, kw_only=True):
    items: list[WaitlistEntry]
    next_page_token: str | None = None
