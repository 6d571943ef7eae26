"""Waitlist entries and offers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from holdfast.contracts.holds import PartySize
from holdfast.contracts.ids import Date, Id, Timestamp
from holdfast.contracts.states import WaitlistStatus
from holdfast.contracts.wire import Request, Wire


class WaitlistRequest(Request, kw_only=True):
    """Body of `POST …/waitlist`. `categoryIds`: only these; none given means any."""

    date: Date
    slot_id: Id
    party_size: PartySize
    category_ids: Annotated[list[Id], Meta(max_length=100)] = field(default_factory=list)
    customer_id: Id | None = None
    """Another's, by staff and services only."""


class DeclineRequest(Request, kw_only=True):
    """Body of `POST …/offers/{id}/decline`; may be empty."""


class Offer(Wire, kw_only=True):
    """An offer is a real hold with its own end, for the whole party; `offerId` is the hold's."""

    offer_id: str
    hold_id: str
    section_ids: list[str]
    expires_at: Timestamp
    party_size: int | None = None
    total_amount: int = 0
    deposit_amount: int = 0
    currency: str = ""


class WaitlistEntry(Wire, kw_only=True):
    entry_id: str
    status: WaitlistStatus
    customer_id: str | None
    party_size: int
    position: int | None
    """1 is next; null once it waits no more."""
    estimated_minutes: int | None
    """Until as many claims end by the clock as are waited for; null where too few do. No promise."""
    offer: Offer | None
    date: str
    slot_id: str
    created_at: Timestamp
    channel: str
    version: int
    category_ids: list[str] = field(default_factory=list)
    booking_id: str | None = None
    """What its offer became."""
    updated_at: Timestamp | None = None


class WaitlistPage(Wire, kw_only=True):
    """In the order of the queue."""

    items: list[WaitlistEntry]
    next_page_token: str | None = None
