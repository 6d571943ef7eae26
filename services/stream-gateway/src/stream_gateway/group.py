"""Group: all clients with the same channels and audiences, and the frames about to reach them.

What arrives while the loop is busy is joined once and written once to each member, the same bytes
to everybody. With an idle loop the flush comes in the same turn, so nothing is delayed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from holdfast.contracts.states import Audience
from stream_gateway.channel import Channel
from stream_gateway.frames import Event
from stream_gateway.metrics import Metrics


class View(NamedTuple):
    """One channel as one audience sees it."""

    channel: Channel
    audience: Audience


class Writer(Protocol):
    """The transport of a member."""

    def write(self, data: bytes) -> None: ...


class Member(Protocol):
    """A client of the group that is live."""

    @property
    def writer(self) -> Writer: ...


class Group:
    """Members get every frame pushed while they are members, and no other."""

    def __init__(self, views: tuple[View, ...], metrics: Metrics) -> None:
        self.views = views
        self.clients = 0
        """Subscribers that belong here, live or not; at 0 the group is dropped."""
        self.last_write = 0.0
        self._metrics = metrics
        self._members: dict[Member, None] = {}
        self._writes: list[Callable[[bytes], None]] | None = []
        self._pending: list[bytes] = []
        self._first = 0
        self._oldest_ns = 0
        self._catch_up: tuple[tuple[int, int], list[bytes]] | None = None

    @property
    def size(self) -> int:
        """How many clients are live."""
        return len(self._members)

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    def add(self, member: Member) -> None:
        """The member gets what is pushed from now on; only right after a `flush`."""
        self._members[member] = None
        self._writes = None

    def remove(self, member: Member) -> bool:
        """Whether it was live."""
        if member not in self._members:
            return False
        del self._members[member]
        self._writes = None
        return True

    def members(self) -> list[Member]:
        """Those who are live now."""
        return list(self._members)

    def sent_up_to(self, position: int) -> int:
        """The position of a live member: what is pending has not been written."""
        return self._first - 1 if self._pending else position

    def push(self, event: Event, audience: Audience, epoch: str) -> bool:
        """Queue a frame for the members; whether it is the first, so that a flush is due."""
        if not self._members:
            return False
        first = not self._pending
        if first:
            self._first = event.seq
            self._oldest_ns = event.time_ns
        self._pending.append(event.live(audience, epoch))
        return first

    def flush(self) -> None:
        """Write what is pending, in one piece, to every member."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        self.write(pending[0] if len(pending) == 1 else b"".join(pending), len(pending))
        self._metrics.latency.observe(max(0.0, time.time() - self._oldest_ns / 1e9))

    def write(self, data: bytes, frames: int = 1) -> None:
        """Write `data` to every member now."""
        self._catch_up = None
        writes = self._writes
        if writes is None:
            writes = self._writes = [member.writer.write for member in self._members]
        # A write may take its member out of the group; the list is replaced then, never changed.
        for write in writes:
            write(data)
        self.last_write = time.monotonic()
        self._metrics.deliveries.inc(len(writes) * frames)

    def discard(self) -> None:
        """Drop what is pending: it belongs to a history that is no more."""
        self._pending.clear()
        self._catch_up = None

    def replay(self, since: int, until: int) -> list[bytes]:
        """Frames without id of everything in (since, until], merged over the channels by sequence.

        The last answer is kept until the next write: after a cut many come with the same cursor.
        """
        if self._catch_up is not None and self._catch_up[0] == (since, until):
            return self._catch_up[1]
        events = [
            (event.seq, event.bare(audience))
            for channel, audience in self.views
            for event in channel.ring.after(since)
        ]
        if len(self.views) > 1:
            events.sort()
        frames = [frame for _, frame in events]
        self._catch_up = ((since, until), frames)
        return frames
