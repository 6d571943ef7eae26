"""Answers to questions over many channels: calendar, alternatives, statistics, audit, self."""

from __future__ import annotations

from enum import StrEnum

from holdfast.contracts.bookings import Booking
from holdfast.contracts.holds import Hold
from holdfast.contracts.ids import Timestamp
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.waitlist import WaitlistEntry
from holdfast.contracts.wire import Wire


class CalendarSlot(Wire, kw_only=True):
    date: str
    slot_id: str
    starts_at: Timestamp
    ends_at: Timestamp
    closed: bool
    total: int
    free: int


class Calendar(Wire, kw_only=True):
    items: list[CalendarSlot]


class AlternativeKind(StrEnum):
    OTHER_SECTION = "other_section"
    LARGER_TABLE = "larger_table"
    SEVERAL_TABLES = "several_tables"
    ADJACENT_SLOT = "adjacent_slot"
    OTHER_DATE = "other_date"


class Alternative(Wire, kw_only=True):
    kind: AlternativeKind
    date: str
    slot_id: str
    section_ids: list[str]
    amount: int
    price_difference: int
    discount: int
    score: float


class Alternatives(Wire, kw_only=True):
    items: list[Alternative]
    waitlist_option: bool


class CategoryStats(Wire, kw_only=True):
    total: int
    booked: int
    held: int
    revenue: int


class Stats(Wire, kw_only=True):
    total_seats: int
    booked_seats: int
    held_seats: int
    available_seats: int
    revenue: int
    currency: str
    category_breakdown: dict[str, CategoryStats]


class AuditEntry(Wire, kw_only=True):
    channel: str
    version: int | None
    type: str
    section_id: str | None
    object_id: str | None
    previous_state: str | None
    new_state: str | None
    reason: str
    actor: Actor
    occurred_at: Timestamp


class AuditPage(Wire, kw_only=True):
    items: list[AuditEntry]
    next_page_token: str | None = None


class Me(Wire, kw_only=True):
    """`GET /v1/clubs/{club}/me`: what one customer has here."""

    customer_id: str
    holds: list[Hold]
    bookings: list[Booking]
    waitlist: list[WaitlistEntry]


class GuestSession(Wire, kw_only=True):
    token: str
    customer_id: str
    expires_at: Timestamp
