"""Commands: what somebody asks for, with all chance (ids, references) already drawn, so that
deciding stays pure and a command can be decided again after a lost race."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from command_api.domain.records import (
    BlockRecord,
    BookingRecord,
    ConflictRecord,
    EntryRecord,
    HoldRecord,
    Record,
)
from holdfast.contracts.blocks import BlockRequest
from holdfast.contracts.bookings import (
    BookingChange,
    BookingRequest,
    ConfirmRequest,
    ImportItem,
    RescheduleRequest,
    SeriesRequest,
)
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldChange, HoldRequest
from holdfast.contracts.payments import PaymentEvent
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.waitlist import WaitlistRequest


class Asker(msgspec.Struct, frozen=True):
    """Who asks: `customer_id` is the asker's own where they are a customer, else None."""

    actor: Actor
    customer_id: str | None
    is_staff: bool
    """Staff, manager, kiosk, service, admin of this club."""
    may_manage: bool
    """Manager, admin, service: approvals, forced changes."""
    tier: str | None = None
    is_guest: bool = False
    """A customer without an account, who may book where the policy has `guestCheckout`."""


class HoldSections(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    request: HoldRequest
    customer_id: str | None
    """For whom: the asker, or who staff named."""
    hold_id: str


class ExtendHold(msgspec.Struct, frozen=True, kw_only=True):
    """`record` is the stored hold where it has ended (it changes no more), else None: an active one
    is in the channel's state."""

    channel: ChannelKey
    asker: Asker
    hold_id: str
    ttl_seconds: int | None
    record: HoldRecord | None


class ReleaseHold(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    hold_id: str
    record: HoldRecord | None


class ConfirmHold(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    hold_id: str
    request: ConfirmRequest
    booking_id: str
    reference: str
    record: HoldRecord | None


class CancelBooking(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    booking_id: str
    reason: str | None
    record: BookingRecord | None


class ChangeHold(msgspec.Struct, frozen=True, kw_only=True):
    """Add sections to a hold and remove some, in one step."""

    channel: ChannelKey
    asker: Asker
    hold_id: str
    change: HoldChange
    record: HoldRecord | None


class RequestBooking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking without a hold before it: a one-step request, a walk-in."""

    channel: ChannelKey
    asker: Asker
    request: BookingRequest
    customer_id: str | None
    booking_id: str
    reference: str


class MoveBooking(msgspec.Struct, frozen=True, kw_only=True):
    """Along its life, without a change of what is booked: approve, decline, check in, complete, mark
    as no-show."""

    channel: ChannelKey
    asker: Asker
    booking_id: str
    verb: Literal["approve", "decline", "check-in", "complete", "no-show"]
    reason: str | None
    record: BookingRecord | None


class EditBooking(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` is the one that the asker saw (If-Match)."""

    channel: ChannelKey
    asker: Asker
    booking_id: str
    change: BookingChange
    revision: int
    record: BookingRecord | None


class RescheduleBooking(msgspec.Struct, frozen=True, kw_only=True):
    """To the channel `to` (which may be the same, for other sections)."""

    channel: ChannelKey
    to: ChannelKey
    asker: Asker
    booking_id: str
    request: RescheduleRequest
    record: BookingRecord | None


class BookSeries(msgspec.Struct, frozen=True, kw_only=True):
    """The same slot and sections on each of `dates`; `channel` is the first one's. `bookings`: a
    (booking id, reference) for each, in their order."""

    channel: ChannelKey
    asker: Asker
    request: SeriesRequest
    customer_id: str | None
    series_id: str
    dates: tuple[str, ...]
    bookings: tuple[tuple[str, str], ...]

    @property
    def channels(self) -> list[ChannelKey]:
        """Of each date, in their order."""
        key = self.channel
        return [ChannelKey(key.club, key.venue, date, key.slot) for date in self.dates]


class CancelSeries(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to come of a series: `bookings` are the active ones, (channel, booking id), `ended`
    the others; `channel` is any one's."""

    channel: ChannelKey
    asker: Asker
    series_id: str
    bookings: tuple[tuple[ChannelKey, str], ...]
    ended: tuple[BookingRecord, ...]
    reason: str | None


class ImportBooking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that was made elsewhere. `booking_id` is worked out from its external id, so that the
    same one is never made twice; `record` is what is stored under it already."""

    channel: ChannelKey
    asker: Asker
    item: ImportItem
    booking_id: str
    conflict_id: str
    reference: str
    record: BookingRecord | None


class ResolveConflict(msgspec.Struct, frozen=True, kw_only=True):
    """By a manager's word, or by rule where `winner_id` is None."""

    channel: ChannelKey
    asker: Asker
    conflict_id: str
    winner_id: str | None
    record: ConflictRecord | None


class RecordPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A signed payment event, `event_id` by its webhook-id, for the hold or booking `record_id` (the
    booking that a hold became, where it did); `record` is that where it has ended."""

    channel: ChannelKey
    event: PaymentEvent
    event_id: str
    record_id: str
    record: HoldRecord | BookingRecord | None


class JoinWaitlist(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    request: WaitlistRequest
    customer_id: str | None
    entry_id: str


class LeaveWaitlist(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    entry_id: str
    record: EntryRecord | None


class AcceptOffer(msgspec.Struct, frozen=True, kw_only=True):
    """The offered hold becomes a booking, by the rules of confirming. `entry_id` and `record` are of the
    entry that the offer is to."""

    channel: ChannelKey
    asker: Asker
    entry_id: str
    offer_id: str
    request: ConfirmRequest
    booking_id: str
    reference: str
    record: EntryRecord | None


class DeclineOffer(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    entry_id: str
    offer_id: str
    record: EntryRecord | None


class ServeWaitlist(msgspec.Struct, frozen=True, kw_only=True):
    """By the leader: offer what is free to those who wait; end the waiting for a slot that is over."""

    channel: ChannelKey


class WarnExpiring(msgspec.Struct, frozen=True, kw_only=True):
    """By the leader: tell the customers of those of these holds that end soon."""

    channel: ChannelKey
    record_ids: tuple[str, ...]


class ErasePersonalData(msgspec.Struct, frozen=True, kw_only=True):
    """Of one customer, in the records of one channel: `records` are the ended ones."""

    channel: ChannelKey
    asker: Asker
    customer_id: str
    records: tuple[Record, ...]


class BlockSections(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    request: BlockRequest
    block_id: str


class RemoveBlock(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelKey
    asker: Asker
    block_id: str
    record: BlockRecord | None


class ExpireRecords(msgspec.Struct, frozen=True, kw_only=True):
    """By the sweeper: expire those of these holds and pending bookings that are due."""

    channel: ChannelKey
    record_ids: tuple[str, ...]


Command: TypeAlias = (
    HoldSections
    | ExtendHold
    | ReleaseHold
    | ChangeHold
    | ConfirmHold
    | RequestBooking
    | MoveBooking
    | EditBooking
    | CancelBooking
    | RescheduleBooking
    | BookSeries
    | CancelSeries
    | ImportBooking
    | ResolveConflict
    | RecordPayment
    | BlockSections
    | RemoveBlock
    | JoinWaitlist
    | LeaveWaitlist
    | AcceptOffer
    | DeclineOffer
    | ServeWaitlist
    | WarnExpiring
    | ErasePersonalData
    | ExpireRecords
)
