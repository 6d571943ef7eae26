"""Blocks: sections taken out of sale by staff."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from holdfast.contracts.ids import Date, Id, Timestamp
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import BlockStatus, OnConflict
from holdfast.contracts.wire import Request, Wire


class BlockRequest(Request, kw_only=True):
    """Body of `POST …/blocks`; without `sectionIds` the whole night. `onConflict`, where somebody has the
    sections: `reject` blocks nothing; `displace` takes them away (holds are released; bookings, by managers
    only, are cancelled with compensation, all of their sections; guests who are there stay, and nothing is
    blocked); `after_release` blocks what is free now and the rest when its last claim has gone. Sections with
    a capacity above 1 are blocked at once then, and who is in stays."""

    date: Date
    slot_id: Id
    section_ids: Annotated[list[Id], Meta(min_length=1, max_length=50_000)] | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None
    on_conflict: OnConflict = OnConflict.REJECT


class Block(Wire, kw_only=True):
    """`sectionIds` are all that it is for; `waitingSectionIds` those of them that it waits for still."""

    block_id: str
    status: BlockStatus
    section_ids: list[str]
    reason: str | None
    on_conflict: OnConflict
    created_at: Timestamp
    updated_at: Timestamp
    server_time: Timestamp
    date: str
    slot_id: str
    channel: str
    version: int
    waiting_section_ids: list[str] = field(default_factory=list)
    displaced_booking_ids: list[str] = field(default_factory=list)
    """Cancelled for it, each with the conflict at the same place in `conflictIds`."""
    conflict_ids: list[str] = field(default_factory=list)
    released_hold_ids: list[str] = field(default_factory=list)
    actor: Actor | None = None
    """Who blocked."""


class BlockPage(Wire, kw_only=True):
    """`GET …/blocks`: those that stand, newest first."""

    items: list[Block]
    next_page_token: str | None = None
