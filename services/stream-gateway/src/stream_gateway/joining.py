"""Joining: brings a client from where it is to live, with no hole and no duplicate.

`attempt` looks whether everything the client needs is at hand. If not, it leaves the client with
whatever is missing, which wakes it. If so, it cuts: the backlog up to the feed's position is put
together and the client becomes a member of its group in one synchronous step, so that nothing can
come between.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Protocol

from holdfast.contracts.events import ResetReason
from stream_gateway import frames
from stream_gateway.backlog import SLICE, Backlog
from stream_gateway.channel import Channel
from stream_gateway.clock import timestamp_now
from stream_gateway.metrics import Metrics
from stream_gateway.pane import SEGMENTS_PER_ATTEMPT
from stream_gateway.position import Position
from stream_gateway.snapshots import snapshot_of
from stream_gateway.subscriber import SLOW, Join, Subscriber

TURN_SECONDS = 0.005
"""How long joins go on in one turn of the loop; between turns the live clients get theirs."""


class Opener(Protocol):
    """Opens channels."""

    def ensure(self, channel: Channel) -> None:
        """Have somebody open it, who wakes its waiters."""


class Archive(Protocol):
    """Fetches what the rings no longer have."""

    def want(self, channel: Channel, subscriber: Subscriber) -> None:
        """Wake the subscriber when the channel's ring reaches back to where it is, or set its
        join to a reset first."""

    def check_ahead(self, subscriber: Subscriber) -> None:
        """Wake it when the feed is where it is, or set its join to a reset first."""

    def forget(self, subscriber: Subscriber) -> None:
        """It needs nothing any more."""


class Joining:
    """The keeper of those who are not live."""

    def __init__(
        self, position: Position, opener: Opener, archive: Archive, metrics: Metrics
    ) -> None:
        self._position = position
        self._opener = opener
        self._archive = archive
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Subscriber] = deque()
        self._scheduled = False

    def wake(self, subscriber: Subscriber) -> None:
        """Attempt it soon; for a bounded time each turn of the loop."""
        self._queue.append(subscriber)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        end = time.monotonic() + TURN_SECONDS
        try:
            while self._queue and time.monotonic() < end:
                self.attempt(self._queue.popleft())
        finally:
            # Even where one attempt fails: the others must not wait for ever.
            self._scheduled = bool(self._queue)
            if self._scheduled:
                self._loop.call_soon(self._turn)

    def attempt(self, subscriber: Subscriber) -> None:
        """Make the client live, or leave it where it will be woken."""
        join = subscriber.join
        if join is None or subscriber.busy or subscriber.closing or subscriber.transport is None:
            return
        if self._opens_first(subscriber) or not self._position.attached:
            return
        if self._is_ahead(subscriber, join) or self._is_cold(subscriber, join):
            return
        join = subscriber.join or join
        if _needs_snapshots(join) and not _prepared(subscriber):
            self.wake(subscriber)
            return
        self._cut(subscriber, join)

    def _opens_first(self, subscriber: Subscriber) -> bool:
        waits = False
        for channel, _ in subscriber.group.views:
            if not channel.is_open:
                self._opener.ensure(channel)
            if not channel.is_open:
                channel.waiters.add(subscriber)
                waits = True
        return waits

    def _is_ahead(self, subscriber: Subscriber, join: Join) -> bool:
        """Whether the feed has to come further first; checks the epoch on the way."""
        if join.reset is not None:
            return False
        epoch = self._position.epoch
        if join.cursor is not None:
            if join.cursor.epoch != epoch:
                subscriber.join = Join(reset=ResetReason.EPOCH)
            elif join.cursor.seq > self._position.seq:
                self._archive.check_ahead(subscriber)
                return True
        elif join.after is not None:
            if join.epoch is not None and join.epoch != epoch:
                subscriber.join = Join(reset=ResetReason.EPOCH)
            elif join.after > subscriber.group.views[0].channel.version:
                self._archive.check_ahead(subscriber)
                return True
        return False

    def _is_cold(self, subscriber: Subscriber, join: Join) -> bool:
        """Whether older events must be fetched first."""
        join = subscriber.join or join
        if join.reset is not None:
            return False
        cold = [view.channel for view in subscriber.group.views if _misses(join, view.channel)]
        if cold and join.resync and join.reason is None:
            # It took its backlog for so long that the ring went on: a snapshot is shorter.
            self._metrics.slow.inc()
            subscriber.join = Join(since=join.since, reason=SLOW, resync=True)
            return self._is_cold(subscriber, subscriber.join)
        for channel in cold:
            self._archive.want(channel, subscriber)
        return bool(cold)

    def _cut(self, subscriber: Subscriber, join: Join) -> None:
        group = subscriber.group
        self._archive.forget(subscriber)
        # What is pending is for the present members; the newcomer gets it by its backlog.
        group.flush()
        count, pieces, kind = self._backlog(subscriber, join)
        if kind is not None:
            self._metrics.joins.labels(kind).inc()
        if join.reset is not None:
            self._metrics.resets.labels(join.reset.value).inc()
        subscriber.served = True
        if sum(map(len, pieces)) <= SLICE:
            subscriber.join = None
            subscriber.behind_since = 0.0
            group.add(subscriber)
            if pieces:
                subscriber.write(b"".join(pieces))
        else:
            subscriber.join = Join(since=self._position.seq, resync=True)
            subscriber.send_slowly(pieces)
        self._metrics.deliveries.inc(count)

    def _backlog(self, subscriber: Subscriber, join: Join) -> tuple[int, list[bytes], str | None]:
        """The frames up to the position: how many, on the wire, and what to count them as."""
        position, group = self._position, subscriber.group
        since = _replays_from(join, group.views[0].channel)
        if since is None:
            return self._afresh(subscriber, join)
        count, pieces = group.replay(since, position.seq, position.cursor)
        if join.resync:
            return count, pieces, None
        if not pieces:
            here = frames.checkpoint(timestamp_now(), position.cursor)
            return 1, [group.coding.wrap(here)], "replay"
        return count, pieces, "replay"

    def _afresh(self, subscriber: Subscriber, join: Join) -> tuple[int, list[bytes], str]:
        """Without what went before: snapshots, or nothing where none are wanted."""
        now = timestamp_now()
        position = self._position
        backlog = Backlog(subscriber.group.coding)
        if join.reset is not None:
            backlog.add(frames.reset(join.reset))
        if _needs_snapshots(join):
            for channel, form in subscriber.group.views:
                if not channel.private:
                    known = join.since if join.reason == SLOW else None
                    backlog.add(snapshot_of(channel, form, position, now, join.reason, known))
        backlog.add(*self._private(subscriber, join))
        if join.reset is not None:
            kind = "reset"
        else:
            kind = "resync" if join.resync else "snapshot" if join.snapshots else "live"
        if len(backlog) > (join.reset is not None):
            return len(backlog), backlog.wired(position.cursor), kind
        backlog.add(frames.checkpoint(now, position.cursor))
        return len(backlog), backlog.wired(None), kind

    def _private(self, subscriber: Subscriber, join: Join) -> list[bytes]:
        """What private channels had since the client was live; they have no snapshot."""
        if join.since is None:
            return []
        events = [
            (event.seq, event.content(form.audience))
            for channel, form in subscriber.group.views
            if channel.private
            for event in channel.ring.after(join.since)
        ]
        return [frame for _, frame in sorted(events)]


def _replays_from(join: Join, channel: Channel) -> int | None:
    """The sequence after which the client is replayed what the ring has; None where it begins
    afresh. `channel` is the only one where the client named a version."""
    if join.reset is not None or (join.resync and join.reason is not None):
        return None
    if join.cursor is not None:
        return join.cursor.seq
    if join.after is not None:
        return channel.ring.seq_of(join.after)
    return join.since if join.resync else None


def _needs_snapshots(join: Join) -> bool:
    if join.reset is not None:
        return True
    replays = join.cursor is not None or join.after is not None
    return join.snapshots and not replays and (not join.resync or join.reason is not None)


def _prepared(subscriber: Subscriber) -> bool:
    """Whether the snapshots are at hand; makes some more of big ones each time it is asked."""
    most = SEGMENTS_PER_ATTEMPT
    gzip = subscriber.group.coding.gzip
    return all(
        channel.picture.pane(form.audience).prepare(gzip=gzip, most=most)
        for channel, form in subscriber.group.views
        if channel.picture is not None
    )


def _misses(join: Join, channel: Channel) -> bool:
    """Whether the channel's ring does not reach back to where the client is."""
    if join.cursor is not None:
        return not channel.ring.covers(join.cursor.seq)
    if join.after is not None:
        return not channel.ring.covers_version(join.after)
    if join.since is not None and (channel.private or join.reason is None):
        return not channel.ring.covers(join.since)
    return False
