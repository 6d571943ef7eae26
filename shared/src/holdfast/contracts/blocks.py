"""Blocks: sections taken out of sale by staff."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from holdfast.contracts.ids import Date, Id, Timestamp
from holdfast.contracts.states import BlockStatus, OnConflict
from holdfast.contracts.wire import Request, Wire


class BlockRequest(Request, kw_only=True):
    """Body of `POST …/blocks`; without `sectionIds` the whole night."""

    date: Date
    slot_id: Id
    section_ids: Annotated[list[Id], Meta(min_length=1, max_length=50_000)] | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None
    on_conflict: OnConflict = OnConflict.REJECT


class Block(Wire, kw_only=True):
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
