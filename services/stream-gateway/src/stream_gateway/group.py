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
from stream_gateway.frames import Frame
from stream_gateway.metrics import Metrics

MAX_CATCH_UPS = 16


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


class Piece(NamedTuple):
    """Frames that leave together: the sequence of the first, how many, and their bytes."""

    seq: int
    frames: int
    data: bytes


class Turn:
    """One turn of the loop's flushes. Groups with the same frames pending, which differ only in
    channels that had nothing, share one joining of them, and all share the clock and the count."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self.deliveries = 0
        self.oldest_ns = 0
        """The stream's time of the oldest event written; 0 where there was none."""
        self._joined: dict[tuple[Frame, ...], list[Piece]] = {}

    def pieces(self, pending: tuple[Frame, ...], coding: Coding) -> list[Piece]:
        """The frames on the wire, in as few pieces as the clients' buffers bear."""
        joined = self._joined.get(pending)
        if joined is None:
            joined = self._joined[pending] = [
                Piece(run[0].seq, len(run), coding.pack(b"".join(frame.content for frame in run)))
                for run in _runs(pending)
            ]
        return joined

    def end(self, metrics: Metrics) -> None:
        """Count what was done."""
        metrics.deliveries.inc(self.deliveries)
        if self.oldest_ns:
            metrics.latency.observe(max(0.0, time.time() - self.oldest_ns / 1e9))


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
        self._pending: list[Frame] = []
        self._unsent = 0
        """Sequence of the first event that was not yet written; 0 where there is none."""
        self._catch_ups: dict[tuple[int, int], tuple[int, list[bytes]]] = {}

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

    def push(self, frame: Frame) -> bool:
        """Queue a frame for the members; whether it is the first, so that a flush is due."""
        if not self._members:
            return False
        self._pending.append(frame)
        if len(self._pending) > 1:
            return False
        self._unsent = frame.seq
        return True

    def flush(self, turn: Turn | None = None) -> None:
        """Write what is pending to every member, in as few pieces as their buffers bear."""
        pending = self._pending
        if not pending:
            return
        self._pending = []
        if turn is None:
            turn = Turn()
            self._write_all(pending, turn)
            turn.end(self._metrics)
        else:
            self._write_all(pending, turn)

    def _write_all(self, pending: list[Frame], turn: Turn) -> None:
        oldest_ns = pending[0].time_ns
        if not turn.oldest_ns or oldest_ns < turn.oldest_ns:
            turn.oldest_ns = oldest_ns
        self.last_write = turn.now
        if len(pending) == 1:
            self._unsent = 0
            self._write(pending[0].wire(), 1, turn)
            return
        pieces = turn.pieces(tuple(pending), self.coding)
        for number, piece in enumerate(pieces, start=1):
            # Before the write, which may take a member out that wants to know how far it got.
            self._unsent = pieces[number].seq if number < len(pieces) else 0
            self._write(piece.data, piece.frames, turn)

    def _write(self, data: bytes, frames: int, turn: Turn) -> None:
        if self._catch_ups:
            self._catch_ups.clear()
        writes = self._writes
        if writes is None:
            writes = self._writes = [member.writer.write for member in self._members]
        # A write may take its member out of the group; the list is replaced then, never changed.
        for write in writes:
            write(data)
        turn.deliveries += len(writes) * frames

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
        self._catch_ups.clear()

    def replay(self, since: int, until: int, cursor: str) -> tuple[int, list[bytes]]:
        """How many events there are in (since, until], and they on the wire, merged over the
        channels by sequence; `cursor` names `until`.

        The last answers are kept until the next write: after a cut many come with few cursors.
        """
        known = self._catch_ups.get((since, until))
        if known is not None:
            return known
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
        if len(self._catch_ups) >= MAX_CATCH_UPS:
            self._catch_ups.clear()
        made = self._catch_ups[since, until] = len(backlog), pieces
        return made


def _runs(pending: tuple[Frame, ...]) -> list[tuple[Frame, ...]]:
    """Cut where a piece would be more than a client that keeps up should have to take at once."""
    runs: list[tuple[Frame, ...]] = []
    first = size = 0
    for number, frame in enumerate(pending):
        size += frame.size
        if size > SLICE and number > first:
            runs.append(pending[first:number])
            first, size = number, frame.size
    runs.append(pending[first:])
    return runs
