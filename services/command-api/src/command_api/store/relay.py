"""What the relay reads and notes: rows of the log, progress per channel, the epoch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from command_api.store.heads import channel_head, channel_of_head
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey

if TYPE_CHECKING:
    from command_api.store.pool import Connection, Pool

RENEW_TIMEOUT = 300.0
"""Seconds; a new epoch looks at all that moved in the window."""


class LogRow(NamedTuple):
    """One row of a channel's log. `version` only where `kind` is availability or layout;
    `at_ms`: milliseconds since the Unix epoch."""

    position: int
    version: int | None
    kind: str
    subject: str
    type: str
    at_ms: int
    body: bytes


class Stretch(msgspec.Struct):
    """The next rows of one channel's log, and how far the channel is published: all rows up to
    `position`, all versions up to `version`, the latter with stream sequence `seq` (0: not in the
    stream of this epoch). `version` may be ahead of `position`, never the other way round."""

    key: ChannelKey
    position: int
    version: int
    seq: int
    rows: list[LogRow]
    expected: int = 0
    """The last sequence that the stream should have on the channel's subject."""
    sent: set[int] = msgspec.field(default_factory=set)
    """Positions of rows without a version that are acknowledged."""

    def versions(self) -> list[LogRow]:
        """The versioned rows that are not published yet."""
        return [row for row in self.rows if row.version is not None and row.version > self.version]

    def advance(self) -> None:
        """Move `position` over the rows that are acknowledged, up to the first that is not."""
        for row in self.rows:
            if row.position not in self.sent and (
                row.version is None or row.version > self.version
            ):
                return
            self.position = row.position


class RelayState(NamedTuple):
    """`epoch` is empty before the first; `replicated`: commits wait for a standby."""

    epoch: str
    last_seq: int
    replicated: bool


class EpochMoved(Exception):
    """Another relay began a new epoch."""


class RelayStore:
    """`pool` is one of role holdfast_relay. Errors are asyncpg's, OSError and TimeoutError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(
        self, keys: Sequence[ChannelKey], epoch: str, *, rows: int, max_bytes: int
    ) -> list[Stretch]:
        """At most `rows` rows per channel; channels without any are left out. Raises EpochMoved."""
        found = await self._pool.fetch(
            query("relay_rows"),
            [key.club for key in keys],
            [channel_head(key) for key in keys],
            [dt.date.fromisoformat(key.date) for key in keys],
            rows,
            max_bytes,
        )
        stretches: dict[int, Stretch] = {}
        for i, of_epoch, position, version, seq, *row in found:
            stretch = stretches.get(i)
            if stretch is None:
                if of_epoch not in (None, epoch):
                    raise EpochMoved(of_epoch)
                stretch = Stretch(keys[i - 1], position, version, seq, [], expected=seq)
                stretches[i] = stretch
            stretch.rows.append(LogRow(*row))
        return list(stretches.values())

    async def save(self, epoch: str, stretches: Iterable[Stretch]) -> None:
        """Note how far the channels are published; raises EpochMoved (then nothing was noted)."""
        ordered = sorted(stretches, key=lambda stretch: stretch.key)
        current = await self._pool.fetchval(
            query("relay_save"),
            epoch,
            [stretch.key.club for stretch in ordered],
            [channel_head(stretch.key) for stretch in ordered],
            [stretch.position for stretch in ordered],
            [stretch.version for stretch in ordered],
            [stretch.seq for stretch in ordered],
        )
        if not current:
            raise EpochMoved(epoch)

    async def behind(self, limit: int) -> list[tuple[ChannelKey, int]]:
        """Channels with something to publish, each with the time of its last change (ms)."""
        rows = await self._pool.fetch(query("relay_behind"), limit)
        return [(channel_of_head(club, head), changed) for club, head, changed in rows]

    async def version(self, key: ChannelKey, version: int) -> tuple[int, bytes | None]:
        """The channel's version, and the body of its event `version` (None: there is none)."""
        row = await self._pool.fetchrow(
            query("relay_version"),
            key.club,
            channel_head(key),
            dt.date.fromisoformat(key.date),
            version,
        )
        return (0, None) if row is None else (row["version"], row["body"])

    async def state(self) -> RelayState:
        """The epoch as it stands."""
        row = await self._pool.fetchrow(query("relay_state"))
        return RelayState("", 0, replicated=False) if row is None else RelayState(*row)

    async def acknowledged(self, epoch: str, seq: int) -> None:
        """The stream has acknowledged everything up to `seq`."""
        await self._pool.execute(query("relay_acknowledged"), epoch, seq)

    async def flush(self) -> None:
        """Returns once the standby has flushed all that was visible before the call."""
        await self._pool.execute(query("relay_flush"))


async def lock_state(connection: Connection) -> tuple[str, int]:
    """(epoch, last_seq) under the lock that a change of epoch needs; within a transaction."""
    await connection.execute(query("relay_state_create"))
    [row] = await connection.fetch(query("relay_state_lock"))
    return row["epoch"], row["last_seq"]


async def renew_epoch(connection: Connection, epoch: str, window_ms: int, last_seq: int) -> None:
    """Begin `epoch`; the caller holds the lock of `lock_state`."""
    await connection.execute(
        query("relay_renew"), epoch, window_ms, last_seq, timeout=RENEW_TIMEOUT
    )
