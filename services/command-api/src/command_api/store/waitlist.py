"""The queue of a channel, as it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.waitlist.joining import MOST_WAITING
from command_api.domain.waitlist.offers import place_of
from command_api.store.heads import channel_head
from command_api.store.load import decode_record
from command_api.store.pool import tenant
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import timestamp

if TYPE_CHECKING:
    from command_api.store.pool import Pool


class Queue(msgspec.Struct):
    """Active entries in their order, the holds of their offers by id, and when claims of the channel end
    by the clock, the first one first."""

    entries: list[EntryRecord]
    holds: dict[str, HoldRecord]
    ends: list[str]


class Waitlist:
    """`pool` is of the writer's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def queue(self, key: ChannelKey) -> Queue:
        """Empty where nobody waits. A hold that ended between two looks is left out."""
        head = channel_head(key)
        async with tenant(self._pool, [key.club]) as connection:
            rows = await connection.fetch(query("waitlist_entries"), key.club, head)
            entries = [
                record
                for row in rows
                if isinstance(record := decode_record(row["doc"]), EntryRecord)
            ]
            if not entries:
                return Queue([], {}, [])
            entries.sort(key=place_of)
            ids = [entry.hold_id for entry in entries if entry.hold_id is not None]
            docs = await connection.fetch(query("load_records"), key.club, ids) if ids else []
            ends = await connection.fetch(query("waitlist_ends"), key.club, head, MOST_WAITING)
        holds = [
            record for row in docs if isinstance(record := decode_record(row["doc"]), HoldRecord)
        ]
        return Queue(
            entries, {hold.id: hold for hold in holds}, [timestamp(row["at_ms"]) for row in ends]
        )
