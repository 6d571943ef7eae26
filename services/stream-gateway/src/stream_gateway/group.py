"""Group: all clients with the same channels and forms, and the frames about to reach them.

What arrives while the loop is busy is joined once and written once to each member, the same bytes
to everybody. With an idle loop the flush comes in the same turn, so nothing is delayed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from holdfast.contracts.states import Audience
from stream_gateway.backlog import SLICE, Backlog
from stream_gateway.channel import Channel
from stream_gateway.coding import Coding, Form
from stream_gateway.frames import Event
from stream_gateway.metrics import Metrics


class View(NamedTuple):
    """One channel as one form shows it."""

    channel: Channel
    form: Form

    @property
    def audience(self) -> Audience:
        return self.form.audience


class Writer(Protocol):
    """The transport of a member."""

    def write(self, data: bytes) -> None: ...


class Member(Protocol):
    """A client of the group that is live."""

    @property
    def writer(self) -> Writer: ...


Pending = tuple[Event, Form]


class Flush:
    """One turn's flushes. Groups with the same frames pending, which differ only in channels that
    had nothing, share one joining of them."""

    def __init__(self) -> None:
        self._joined: dict[tuple[Pending, ...], bytes] = {}

    def wire(self, pending: tuple[Pending, ...], coding: Coding, epoch: str) -> bytes:
        """The frames as one piece on the wire."""
        if len(pending) == 1:
            event, form = pending[0]
            return event.live(form, epoch)
        joined = self._joined.get(pending)
        if joined is None:
            contents = (event.identified(form.audience, epoch) for event, form in pending)
            joined = self._joined[pending] = coding.pack(b"".join(contents))
        return joined


class Group:
    """Members get every frame pushed while they are members, and no other."""

    def __init__(self, views: tuple[View, ...], coding: Coding, metrics: Metrics) -> None:
        self.views = views
        self.coding = coding
        """How everything is written to the members; that of every view's form."""
        self.shows_staff = any(view.audience is Audience.STAFF for view in views)
        self.clients = 0
        """Subscribers that belong here, live or not; at 0 the group is dropped."""
        self.last_write = 0.0
        self.joined = 0
        """How often somebody became a member."""
        self._metrics = metrics
        self._members: dict[Member, None] = {}
        self._writes: list[Callable[[bytes], None]] | None = []
        self._pending: list[Pending] = []
        self._epoch = ""
        self._unsent = 0
        """Sequence of the first event that was not yet written; 0 where there is none."""
        self._catch_up: tuple[tuple[int, int], int, list[bytes]] | None = None

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
        self.joined += 1

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
        return self._unsent - 1 if self._unsent else position

    def push(self, event: Event, form: Form, epoch: str) -> bool:
        """Queue a frame for the members; whether it is the first, so that a flush is due."""
        if not self._members:
            return False
        first = not self._pending
        if first:
            self._unsent = event.seq
            self._epoch = epoch
        self._pending.append((event, form))
        return first

    def flush(self, turn: Flush | None = None) -> None:
        """Write what is pending to every member, in as few pieces as their buffers bear."""
        if not self._pending:
            return
        turn = turn or Flush()
        pending, self._pending = self._pending, []
        oldest_ns = pending[0][0].time_ns
        runs = _runs(pending) if len(pending) > 1 else [tuple(pending)]
        for number, run in enumerate(runs, start=1):
            # Before the write, which may take a member out that wants to know how far it got.
            self._unsent = runs[number][0][0].seq if number < len(runs) else 0
            self.write(turn.wire(run, self.coding, self._epoch), len(run))
        self._metrics.latency.observe(max(0.0, time.time() - oldest_ns / 1e9))

    def write(self, data: bytes, frames: int = 1) -> None:
        """Write `data`, in the group's coding, to every member now."""
        self._catch_up = None
        writes = self._writes
        if writes is None:
            writes = self._writes = [member.writer.write for member in self._members]
        # A write may take its member out of the group; the list is replaced then, never changed.
        for write in writes:
            write(data)
        self.last_write = time.monotonic()
        self._metrics.deliveries.inc(len(writes) * frames)

    def write_to(self, members: list[Member], data: bytes) -> None:
        """Write `data` to those of these who are members still."""
        for member in members:
            if member in self._members:
                member.writer.write(data)
                self._metrics.deliveries.inc()

    def discard(self) -> None:
        """Drop what is pending: it belongs to a history that is no more."""
        self._pending.clear()
        self._unsent = 0
        self._catch_up = None

    def replay(self, since: int, until: int, cursor: str) -> tuple[int, list[bytes]]:
        """How many events there are in (since, until], and they on the wire, merged over the
        channels by sequence; `cursor` names `until`.

        The last answer is kept until the next write: after a cut many come with the same cursor.
        """
        if self._catch_up is not None and self._catch_up[0] == (since, until):
            return self._catch_up[1:]
        events = [
            (event.seq, event.content(form.audience))
            for channel, form in self.views
            for event in channel.ring.after(since)
        ]
        if len(self.views) > 1:
            events.sort()
        backlog = Backlog(self.coding)
        backlog.add(*(content for _, content in events))
        pieces = backlog.wired(cursor)
        self._catch_up = ((since, until), len(backlog), pieces)
        return len(backlog), pieces


def _runs(pending: list[Pending]) -> list[tuple[Pending, ...]]:
    """Cut where a piece would be more than a client that keeps up should have to take at once."""
    runs: list[tuple[Pending, ...]] = []
    first = size = 0
    for number, (event, _) in enumerate(pending):
        size += len(event.body)
        if size > SLICE and number > first:
            runs.append(tuple(pending[first:number]))
            first, size = number, len(event.body)
    runs.append(tuple(pending[first:]))
    return runs
