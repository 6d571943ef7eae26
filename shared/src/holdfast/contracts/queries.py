"""Answers to questions over many channels: calendar, alternatives, statistics, audit, self."""

from __future__ import annotations

from enum import StrEnum

from msgspec import field

from holdfast.contracts.bookings import Booking
from holdfast.contracts.holds import Hold
from holdfast.contracts.ids import Timestamp
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.waitlist import WaitlistEntry
from holdfast.contracts.wire import Wire


class CalendarSlot(Wire, kw_only=True):
    """One slot of a service date. Nothing can be booked where it is `closed`: by an exception, or
    because it is over; `free` is 0 then. `total` and `free` are units by capacity, seats in place
    of their table; with `partySize` places for such parties: a table with seats while all of them
    are free, a section, `partySize` units of a pool or seats without a table. What is held past
    its time is free."""

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
    """What could be had instead: a hold of `sectionIds` (with `quantities`, where above 1) on that date and
    slot. A hint: it may be gone by the time it is asked for."""

    kind: AlternativeKind
    date: str
    slot_id: str
    section_ids: list[str]
    amount: int
    """Minor units, as a hold of it would cost now."""
    price_difference: int
    """`amount` less what was asked for would have cost."""
    discount: int
    """Incentive for another slot or date by the venue's policy, minor units off `amount`. A hold does not
    take it off by itself: the venue grants it."""
    score: float
    """1 is as good as what was asked for."""
    quantities: dict[str, int] = field(default_factory=dict)


class Alternatives(Wire, kw_only=True):
    """At most 10, best first. `waitlistOption`: the slot is open, nothing on it fits, and something would
    if it were free."""

    items: list[Alternative]
    waitlist_option: bool


class CategoryStats(Wire, kw_only=True):
    """As in `Stats`, of one category."""

    total: int
    booked: int
    held: int
    revenue: int
    available: int = 0
    blocked: int = 0


class DayStats(Wire, kw_only=True):
    """As in `Stats`, of one service date."""

    date: str
    total_seats: int
    booked_seats: int
    held_seats: int
    available_seats: int
    blocked_seats: int
    revenue: int


class Stats(Wire, kw_only=True):
    """Counted in units by capacity, seats in place of their table, over the slots that run; over
    several of them a seat counts in each. `total` is `booked` + `held` + `blocked` + `available`.

    booked     confirmed (checked in as well) or waiting for approval; completed and missed visits
               take no seat any more
    held       by holds that are not past their time
    blocked    out of sale, and not booked or held besides
    revenue    minor units, in the venue's currency: what confirmed, checked in and completed
               bookings cost, and what was paid for missed ones; also of bookings whose records are
               forgotten by now

    A slot that is closed on a date counts what is still taken of it, and nothing else. Seats are
    those of the definition as it is now. An overlapping slot's bookings take seats here too, and
    bring revenue there only.
    """

    total_seats: int
    booked_seats: int
    held_seats: int
    available_seats: int
    revenue: int
    currency: str
    category_breakdown: dict[str, CategoryStats]
    """By category id; `""`: without one."""
    blocked_seats: int = 0
    other_revenue: dict[str, int] = field(default_factory=dict)
    """Minor units by currency, of bookings made when the venue had another one."""
    days: list[DayStats] = field(default_factory=list)
    """Each service date of a range, with `from` and `to` only."""


class AuditEntry(Wire, kw_only=True):
    """One change. Of a section: `type` is `availability.updated`, with the states before and after.
    Of a hold, booking, block or waitlist entry: `type` is a notice's (`booking.confirmed`), and
    `newState` the object's status. Of the layout: `layout.updated`."""

    channel: str
    date: str
    slot_id: str
    version: int | None
    type: str
    section_id: str | None
    section_ids: list[str] = field(default_factory=list)
    """Of an object: all that it is about."""
    object_id: str | None
    previous_state: str | None
    new_state: str | None
    reason: str
    actor: Actor
    """Who did it; `name` is known of staff only."""
    occurred_at: Timestamp


class AuditPage(Wire, kw_only=True):
    """Newest first. A page may have fewer items than `limit`, or none, and still a
    `nextPageToken`: one page looks at a bounded stretch of the log."""

    items: list[AuditEntry]
    next_page_token: str | None = None


class Me(Wire, kw_only=True):
    """`GET /v1/clubs/{club}/me`: what one customer has here."""

    customer_id: str
    holds: list[Hold]
    bookings: list[Booking]
    waitlist: list[WaitlistEntry]
