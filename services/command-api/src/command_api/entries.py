"""Entries of the snapshots bucket: made of a cut, compressed, written upwards only."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from command_api.bucket import Bucket
from command_api.store.sql import query
from command_api.views import snapshot_record
from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.contracts.subjects import SNAPSHOTS_BUCKET, snapshot_key

if TYPE_CHECKING:
    from command_api.domain.model import ChannelState, Venue
    from command_api.store.pool import Pool
    from holdfast.runtime.nats import Client

LARGE = 200
"""Sections from which on an entry is made in a thread of its own."""


class Cut(NamedTuple):
    """Everything that an entry is made of: `state` (a copy) is published with sequence `seq`."""

    venue: Venue
    state: ChannelState
    epoch: str
    seq: int
    now_ms: int


class Entries:
    """The bucket `SNAPSHOTS`; `pool` is one of role holdfast_relay."""

    def __init__(self, pool: Pool, nc: Client) -> None:
        self._pool = pool
        self._bucket = Bucket(nc, SNAPSHOTS_BUCKET)

    async def write(self, cut: Cut, revision: int | None) -> int | None:
        """Put the entry where the bucket is at `revision` (None: not known), or holds less. Answers
        the new revision; None where something later is there. One writer per channel at a time:
        a revision is taken to be what that writer put. Raises NoSuchSlot, PublishError, ApiError,
        asyncpg errors."""
        if len(cut.venue.units) >= LARGE:
            body = await asyncio.to_thread(_entry, cut)
        else:
            body = _entry(cut)
        key = snapshot_key(cut.state.key)
        while True:
            if revision is None:
                revision = await self._revision_below(key, cut)
                if revision is None:
                    return None
            revision = await self._bucket.put(key, body, revision=revision, headers={})
            if revision is not None:
                return revision

    async def _revision_below(self, key: str, cut: Cut) -> int | None:
        """The revision that our entry replaces (0: none); None where it must not."""
        head = await self._bucket.get(key)
        if head is None:
            return 0
        try:
            found = decode_entry(head.body).snapshot
        except (OSError, EOFError, msgspec.DecodeError):
            return head.seq  # unreadable: replaced
        if found.epoch == cut.epoch:
            return head.seq if found.version < cut.state.version else None
        # Of another epoch. Make sure that it is not we who are behind.
        current = await self._pool.fetchval(query("relay_epoch"))
        return head.seq if cut.epoch == current else None


def _entry(cut: Cut) -> bytes:
    return encode_entry(
        snapshot_record(
            cut.venue,
            cut.state,
            epoch=cut.epoch,
            seq=cut.seq,
            published=cut.state.version,
            now_ms=cut.now_ms,
        )
    )


def encode_entry(record: SnapshotRecord) -> bytes:
    """JSON in gzip."""
    return gzip.compress(msgspec.json.encode(record), compresslevel=5, mtime=0)


def decode_entry(body: bytes) -> SnapshotRecord:
    """The inverse of `encode_entry`; raises OSError, EOFError, msgspec.DecodeError."""
    return msgspec.json.decode(gzip.decompress(body), type=SnapshotRecord)
