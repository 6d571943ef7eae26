"""State that decisions are made on, and the records behind claims.

Times are RFC 3339 UTC strings with milliseconds everywhere in the domain: they sort as text, so
they are compared as text, and nothing is converted on the way to an event.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import field

from command_api.domain.ends import End
from holdfast.contracts.bookings import Contact, Payment
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import Item
from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import (
    BlockStatus,
    BookingStatus,
    HoldStatus,
    OnConflict,
    PaymentStatus,
)
from holdfast.contracts.venues import Category, Policy, Section, Slot, VenueDefinition


class Unit(msgspec.Struct, frozen=True):
    """A section as rules see it: `total` units; `seats` are the ids of a table's own seats, in
    layout order; a table with seats has no claims of its own and follows them."""

    section: Section
    total: int
    seats: tuple[str, ...]


class Day(msgspec.Struct, frozen=True):
    """A slot on one service date. Customers may book from `opens_at` until before `closes_at`;
    staff until `ends_at`. `sections` are the ids that take part (None: all), tables with the
    seats that they bring; `prices` are the date's own, by section id or category id."""

    slot: Slot
    starts_at: str
    ends_at: str
    opens_at: str
    closes_at: str
    closed: bool
    sections: frozenset[str] | None
    prices: dict[str, int]


class Venue(msgspec.Struct):
    """A venue definition made ready for look-ups. `revision` and `stamp` are its head's."""

    club: str
    venue: str
    revision: int
    layout_version: int
    stamp: int
    updated_at: str
    definition: VenueDefinition
    units: dict[str, Unit]
    """By section id, in layout order."""
    slots: dict[str, Slot]
    categories: dict[str, Category]
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """By slot id, for slots that only some sections take part in: their ids."""
    days: dict[tuple[str, str], Day | None] = field(default_factory=dict)
    """What `day_of` worked out before, by date and slot id."""

    @property
    def policy(self) -> Policy:
        return self.definition.policy


class RecordHead(msgspec.Struct, kw_only=True):
    """What all records share. `version` is the channel's after the record's last change; `revision`
    counts the record's own changes from 1."""

    id: str
    club: str
    venue: str
    date: str
    slot: str
    customer_id: str | None
    actor: Actor
    """Who made it."""
    created_at: str
    updated_at: str
    revision: int
    version: int

    @property
    def channel(self) -> ChannelKey:
        return ChannelKey(self.club, self.venue, self.date, self.slot)


class HoldRecord(RecordHead, kw_only=True, tag="hold"):
    """A hold. `claims` are units by section (seats, never their table). `limit_at` is the latest
    `expires_at` that extensions may reach."""

    status: HoldStatus
    claims: dict[str, int]
    items: list[Item]
    party_size: int | None
    total_amount: int
    deposit_amount: int
    currency: str
    expires_at: str
    limit_at: str
    reason: str | None = None
    booking_id: str | None = None


class BookingRecord(RecordHead, kw_only=True, tag="booking"):
    """A booking. Contact, notes and special requests are personal data and stay in here."""

    status: BookingStatus
    reference: str
    hold_id: str | None
    series_id: str | None
    claims: dict[str, int]
    items: list[Item]
    party_size: int | None
    total_amount: int
    deposit_amount: int
    currency: str
    payment_status: PaymentStatus
    payment: Payment | None
    contact: Contact | None
    notes: str | None
    special_requests: str | None
    metadata: dict[str, Any]
    starts_at: str
    ends_at: str
    approval_expires_at: str | None
    tier: str | None = None


class BlockRecord(RecordHead, kw_only=True, tag="block"):
    status: BlockStatus
    claims: dict[str, int]
    on_conflict: OnConflict
    reason: str | None


Record: TypeAlias = HoldRecord | BookingRecord | BlockRecord

ACTIVE_BOOKINGS = frozenset(
    {BookingStatus.PENDING_APPROVAL, BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN}
)
"""A booking in one of these has claims; in any other it has ended."""


def is_active(record: Record) -> bool:
    """Whether the record still has claims."""
    match record:
        case HoldRecord():
            return record.status is HoldStatus.ACTIVE
        case BookingRecord():
            return record.status in ACTIVE_BOOKINGS
        case BlockRecord():
            return record.status is BlockStatus.ACTIVE


class Tally(msgspec.Struct):
    """The claims of one section, counted: units taken, and claims by kind. `ends`: see `ends`,
    made when it is first asked for."""

    taken: int = 0
    holds: int = 0
    pending: int = 0
    confirmed: int = 0
    blocks: int = 0
    ends: list[End] | None = None


class ChannelState(msgspec.Struct):
    """One channel at `version`. `claims` has only sections with claims, each by claim id;
    `records` are the active ones. `position` counts all rows of the channel's log (versioned
    events and notices), `stamp` fences against a history that went back (0, 0: no row yet).
    `tallies` and `holders` are worked out from the rest on first use and kept up from then on;
    nobody who loads a channel fills them."""

    key: ChannelKey
    version: int = 0
    position: int = 0
    stamp: int = 0
    updated_at: str = ""
    claims: dict[str, dict[str, Claim]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By section, for those that take many claims."""
    holders: dict[str, set[str]] | None = None
    """Ids of active holds by customer."""


class NightState(msgspec.Struct):
    """What one customer has at one venue on one date, over all slots: tables by record id, with the
    time from which they no longer count (None: until the record ends). Kept only where the policy
    limits it."""

    club: str
    venue: str
    date: str
    customer_id: str
    version: int = 0
    stamp: int = 0
    tables: dict[str, tuple[int, str | None]] = field(default_factory=dict)


class Scope(msgspec.Struct):
    """All that one decision looks at."""

    venue: Venue
    channel: ChannelState
    night: NightState | None = None
