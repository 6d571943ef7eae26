"""Subscriber: one client's connection after the handover. No task, no buffer of its own but the
transport's, whose bound is the high-water mark.

    joining ──cut──▶ live ──pause_writing──▶ behind ──resume_writing──▶ joining
       └──▶ draining a long backlog ──drained──▶ joining (what came meanwhile)
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from holdfast.contracts.cursor import Cursor
from holdfast.contracts.events import ResetReason
from stream_gateway import frames
from stream_gateway.backlog import Slices
from stream_gateway.channel import OpenFailed
from stream_gateway.group import Group

SLOW = "slow_consumer"
"""The reason in a snapshot that catches a client up that could not take what came."""
MAX_RECEIVED = 64 * 1024
"""Bytes a client may send after the handover; they are dropped."""


class Join:
    """What a client still has to get before it is live."""

    __slots__ = ("after", "cursor", "epoch", "reason", "reset", "resync", "since", "snapshots")

    def __init__(
        self,
        *,
        cursor: Cursor | None = None,
        after: int | None = None,
        epoch: str | None = None,
        reset: ResetReason | None = None,
        snapshots: bool = True,
        since: int | None = None,
        reason: str | None = None,
        resync: bool = False,
    ) -> None:
        self.cursor = cursor
        """Replay what came after it; else `after`, a version of the only channel, in `epoch`."""
        self.after = after
        self.epoch = epoch
        self.reset = reset
        """Tell the client to forget what it knows, then send snapshots."""
        self.snapshots = snapshots
        self.since = since
        """Where the client is by our own count: nothing of private channels before it is due."""
        self.reason = reason
        """Goes into the snapshots."""
        self.resync = resync
        """The client has been live; replay from `since` where that is at hand."""


class Transport(Protocol):
    """What a subscriber needs of a connection; asyncio's and uvloop's transports have it."""

    def write(self, data: bytes | memoryview) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool: ...


class Lease(Protocol):
    """What is given back when a stream is over."""

    def end(self) -> None: ...


class Keeper(Protocol):
    """Whoever is told what becomes of a subscriber."""

    def attempt(self, subscriber: Subscriber) -> None:
        """It may be able to join now."""

    def wake(self, subscriber: Subscriber) -> None:
        """The same, when its turn comes: many are woken at once."""

    def stalled(self, subscriber: Subscriber) -> None:
        """Its transport takes no more."""

    def gone(self, subscriber: Subscriber) -> None:
        """Its connection is no more."""

    def refuse(self, subscriber: Subscriber, problem: OpenFailed) -> None:
        """One of its channels cannot be opened."""


class Subscriber(asyncio.Protocol):
    """Made before the handover, `attach`ed by it."""

    __slots__ = (
        "__weakref__",
        "_backlog",
        "_keeper",
        "_received",
        "_unsaid",
        "behind_since",
        "bucket",
        "closing",
        "expires",
        "group",
        "join",
        "lease",
        "opened",
        "paused",
        "served",
        "stalled_at",
        "transport",
    )

    def __init__(self, group: Group, join: Join, keeper: Keeper, *, expires: float | None) -> None:
        self.group = group
        self.join: Join | None = join
        self.expires = expires
        """When its token ends, seconds since the Unix epoch."""
        self.lease: Lease | None = None
        """Its place in the counts; ends when the hub lets go of it."""
        self.transport: Transport | None = None
        self.paused = False
        self.closing = False
        self.served = False
        """Whether it has been live once."""
        self.stalled_at = 0.0
        """When it last took something, while something waits for it."""
        self.behind_since = 0.0
        """Since when it has not been on the fast path though there was something for it; else 0."""
        self.opened = time.monotonic()
        self.bucket: set[Subscriber] | None = None
        self._keeper = keeper
        self._received = 0
        self._unsaid = b""
        self._backlog: Slices | None = None

    @property
    def writer(self) -> Transport:
        """The transport; only once attached."""
        assert self.transport is not None
        return self.transport

    @property
    def is_live(self) -> bool:
        return self.join is None

    @property
    def busy(self) -> bool:
        """Whether something is being written that must end before anything else starts."""
        return self.paused or self._backlog is not None

    def attach(self, transport: Transport, *, paused: bool, retry: int) -> None:
        """Take the connection over, behind the response's head."""
        self.transport = transport
        self.paused = paused
        self.stalled_at = time.monotonic()
        coding = self.group.coding
        self._unsaid = coding.start + coding.wrap(frames.greeting(retry))

    def greet(self) -> None:
        """Say what a stream starts with now, where nothing has been written yet."""
        if self._unsaid:
            self.write(b"")

    def write(self, data: bytes) -> None:
        """Write what is on the wire for this client; the first time, behind the greeting."""
        if self._unsaid:
            data, self._unsaid = self._unsaid + data, b""
        self.writer.write(data)

    def send_slowly(self, pieces: list[bytes]) -> None:
        """Write a backlog as the client takes it; after that the keeper is asked again."""
        self._backlog = Slices([self._unsaid, *pieces] if self._unsaid else pieces)
        self._unsaid = b""
        self.behind_since = self.behind_since or time.monotonic()
        self._pump()

    def say(self, content: bytes) -> None:
        """Write a frame for this client alone."""
        self.write(self.group.coding.wrap(content))

    def finish(self, last_words: bytes) -> None:
        """Write these frames and close. In the middle of a backlog nothing can be said: it is cut
        there."""
        self.closing = True
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self._backlog is None:
            coding = self.group.coding
            self.write(coding.wrap(last_words) + coding.end)
        transport.close()

    def cut(self) -> None:
        """Drop the connection with all that waits in it."""
        self.closing = True
        if self.transport is not None:
            self.transport.abort()

    # Channel waiter

    def wake(self) -> None:
        self._keeper.wake(self)

    def fail(self, problem: OpenFailed) -> None:
        self._keeper.refuse(self, problem)

    # Protocol of the transport

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > MAX_RECEIVED:
            self.cut()

    def eof_received(self) -> None:
        """The transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        self.closing = True
        self._backlog = None
        self._keeper.gone(self)

    def pause_writing(self) -> None:
        self.paused = True
        self.stalled_at = time.monotonic()
        self._keeper.stalled(self)

    def resume_writing(self) -> None:
        self.paused = False
        self.stalled_at = time.monotonic()
        if self.closing:
            return
        if self._backlog is not None:
            self._pump()
        else:
            self._keeper.attempt(self)

    def _pump(self) -> None:
        backlog = self._backlog
        while backlog and not self.paused and not self.closing:
            self.writer.write(backlog.next())
        if not backlog:
            self._backlog = None
            if not self.paused:
                self._keeper.attempt(self)
