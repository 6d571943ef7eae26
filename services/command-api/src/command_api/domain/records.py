"""The records behind claims and queues: holds, bookings, blocks, waitlist entries, conflicts. Stored as
documents, whole at each change."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import field

from holdfast.contracts.bookings import CompensationOffer, Contact, Payment
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import Item
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import (
    BlockStatus,
    BookingStatus,
    HoldStatus,
    OnConflict,
    PaymentStatus,
    WaitlistStatus,
)


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


class Refund(msgspec.Struct, frozen=True):
    """One refund of a transaction, as a signed event told of it."""

    event_id: str
    occurred_at: str
    amount: int


class Transaction(msgspec.Struct, frozen=True):
    """What signed events said of one transaction, in whichever order they came: what was paid (0: not
    told yet), and its refunds."""

    paid: int = 0
    refunds: tuple[Refund, ...] = ()


class HoldRecord(RecordHead, kw_only=True, tag="hold"):
    """A hold. `claims` are units by section (seats, never their table). `limit_at` is the latest
    `expires_at` that extensions may reach. `spans`: names of other channels that its claims lie in
    as well, because their slots overlap (here and in bookings and blocks)."""

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
    entry_id: str | None = None
    """The waitlist entry that it is an offer to."""
    payment: Payment | None = None
    """What signed events say was paid for it before it was confirmed."""
    paid_amount: int = 0
    transactions: dict[str, Transaction] = field(default_factory=dict)
    """By transaction id; they go over to the booking."""
    refund_due: int = 0
    """Paid, and not to be kept: the hold had ended and could not be taken again."""
    warned: bool = False
    """Whether its customer was told that it ends soon."""
    let_go: dict[str, str] = field(default_factory=dict)
    """Sections that a change took out of it, and when."""
    spans: list[str] = field(default_factory=list)


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
    paid_amount: int = 0
    """Minor units that signed events, staff or services say were paid, without what was refunded."""
    transactions: dict[str, Transaction] = field(default_factory=dict)
    """Of signed events, by transaction id."""
    external_id: str | None = None
    """Where it was made elsewhere: its id there."""
    made_at: str | None = None
    """Where it was made elsewhere: when."""
    import_digest: str | None = None
    """Where it was made elsewhere: what was asked for, so that the same id with other content shows."""
    conflict_id: str | None = None
    """The conflict that it was in, if it ever was."""
    compensation: CompensationOffer | None = None
    """What it is offered because it was displaced."""
    status_reason: str | None = None
    """Why it was declined, cancelled or the like, in somebody's words: so not for events."""
    spans: list[str] = field(default_factory=list)


class BlockRecord(RecordHead, kw_only=True, tag="block"):
    """A block. `claims` are of the sections that it has; `waiting` are those that it takes once their
    claims have gone."""

    status: BlockStatus
    claims: dict[str, int]
    on_conflict: OnConflict
    reason: str | None
    waiting: list[str] = field(default_factory=list)
    displaced: list[str] = field(default_factory=list)
    """Bookings that gave way to it."""
    released: list[str] = field(default_factory=list)
    """Holds that gave way to it."""
    conflicts: list[str] = field(default_factory=list)
    """Of the bookings that gave way."""
    spans: list[str] = field(default_factory=list)


class EntryRecord(RecordHead, kw_only=True, tag="entry"):
    """A place in a channel's waitlist. The queue goes by (`created_at`, `place`): of those who joined in
    the same millisecond, who joined first. `hold_id` is the hold that it was offered last, with its end;
    `offers` how many offers it has had."""

    status: WaitlistStatus
    party_size: int
    category_ids: list[str]
    hold_id: str | None = None
    offer_expires_at: str | None = None
    booking_id: str | None = None
    offers: int = 0
    place: int = 0


class ConflictRecord(RecordHead, kw_only=True, tag="conflict"):
    """Bookings that want the same sections; open until `resolved_at`."""

    section_ids: list[str]
    booking_ids: list[str]
    winner_id: str | None = None
    resolved_at: str | None = None
    resolved_by: str | None = None
    compensations: dict[str, CompensationOffer] = field(default_factory=dict)


Record: TypeAlias = HoldRecord | BookingRecord | BlockRecord | EntryRecord | ConflictRecord

ACTIVE_BOOKINGS = frozenset(
    {BookingStatus.PENDING_APPROVAL, BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN}
)
"""A booking in one of these has claims."""
ACTIVE_ENTRIES = frozenset({WaitlistStatus.WAITING, WaitlistStatus.OFFERED})


def is_active(record: Record) -> bool:
    """Whether the record may still change, and so is part of its channel's state. A `conflicted`
    booking is, though it has no claims."""
    match record:
        case HoldRecord():
            return record.status is HoldStatus.ACTIVE
        case BookingRecord():
            return record.status in ACTIVE_BOOKINGS or record.status is BookingStatus.CONFLICTED
        case BlockRecord():
            return record.status is BlockStatus.ACTIVE
        case EntryRecord():
            return record.status in ACTIVE_ENTRIES
        case ConflictRecord():
            return record.resolved_at is None


def status_of(record: Record) -> str:
    """The record's status as a word."""
    if isinstance(record, ConflictRecord):
        return "open" if record.resolved_at is None else "resolved"
    return record.status.value
