"""Commands: what somebody asks for, with all chance (ids, references) already drawn, so that
deciding stays pure and a command can be decided again after a lost race."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from command_api.domain.model import BlockRecord, BookingRecord, HoldRecord
from holdfast.contracts.blocks import BlockRequest
from holdfast.contracts.bookings import ConfirmRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldRequest
from holdfast.contracts.snapshots import Actor


class Asker(msgspec.Struct, frozen=True):
    """Who asks: `customer_id` is the asker's own where they are a customer, else None."""

    actor: Actor
    customer_id: str | None
    is_staff: bool
    """Staff, manager, kiosk, service, admin of this club."""
    may_manage: bool
    """Manager, admin, service: approvals, forced changes."""
    tier: str | None = None


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
    | ConfirmHold
    | CancelBooking
    | BlockSections
    | RemoveBlock
    | ExpireRecords
)
