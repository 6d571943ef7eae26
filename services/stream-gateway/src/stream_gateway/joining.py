"""Joining: brings a client from where it is to live, with no hole and no duplicate.

`attempt` looks whether everything the client needs is at hand. If not, it leaves the client with
whatever is missing, which wakes it. If so, it cuts: the backlog up to the feed's position is put
together and the client becomes a member of its group in one synchronous step, so that nothing can
come between.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from holdfast.contracts.events import ResetReason
from stream_gateway import frames
from stream_gateway.channel import Channel
from stream_gateway.clock import timestamp_now
from stream_gateway.metrics import Metrics
from stream_gateway.position import Position
from stream_gateway.subscriber import SLICE, Join, Subscriber

WAKES_PER_TURN = 100
"""Joins made in one turn of the loop; between turns the live clients get theirs."""


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
        """Attempt it soon; a bounded number each turn of the loop."""
        self._queue.append(subscriber)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        for _ in range(min(WAKES_PER_TURN, len(self._queue))):
            self.attempt(self._queue.popleft())
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
        self._cut(subscriber, subscriber.join or join)

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
            subscriber.join = Join(since=join.since, reason="slow_consumer", resync=True)
            return self._is_cold(subscriber, subscriber.join)
        for channel in cold:
            self._archive.want(channel, subscriber)
        return bool(cold)

    def _cut(self, subscriber: Subscriber, join: Join) -> None:
        group = subscriber.group
        self._archive.forget(subscriber)
        # What is pending is for the present members; the newcomer gets it by its backlog.
        group.flush()
        pieces, kind = self._backlog(subscriber, join)
        if kind is not None:
            self._metrics.joins.labels(kind).inc()
        if join.reset is not None:
            self._metrics.resets.labels(join.reset.value).inc()
        if sum(map(len, pieces)) <= SLICE:
            subscriber.join = None
            subscriber.served = True
            group.add(subscriber)
            if pieces:
                subscriber.writer.write(b"".join(pieces))
        else:
            subscriber.served = True
            subscriber.join = Join(since=self._position.seq, resync=True)
            subscriber.send_slowly(pieces)
        self._metrics.deliveries.inc(len(pieces))

    def _backlog(self, subscriber: Subscriber, join: Join) -> tuple[list[bytes], str | None]:
        """The frames up to the position, of which only the last carries an id: a cut in the middle
        must resume before all of them."""
        replays = join.cursor is not None or join.after is not None
        now = timestamp_now()
        pieces: list[bytes] = []
        if join.reset is not None:
            pieces.append(frames.reset(join.reset))
            pieces += self._snapshots(subscriber, None, now)
            kind: str | None = "reset"
        elif join.resync and join.reason is None:
            since = self._position.seq if join.since is None else join.since
            pieces += subscriber.group.replay(since, self._position.seq)
            kind = None
            if not pieces:
                return pieces, kind
        elif replays:
            pieces += self._replay(subscriber, join)
            kind = "replay"
        else:
            if join.snapshots:
                pieces += self._snapshots(subscriber, join.reason, now)
            pieces += self._private(subscriber, join)
            kind = "resync" if join.resync else "snapshot" if join.snapshots else "live"
        ends_with_event = len(pieces) > (join.reset is not None)
        if not ends_with_event:
            pieces.append(frames.checkpoint(now, self._position.cursor))
        else:
            pieces.insert(-1, frames.id_line(self._position.cursor))
        return pieces, kind

    def _replay(self, subscriber: Subscriber, join: Join) -> list[bytes]:
        group = subscriber.group
        if join.cursor is not None:
            return list(group.replay(join.cursor.seq, self._position.seq))
        view = group.views[0]
        events = view.channel.ring.after_version(join.after or 0)
        return [event.bare(view.audience) for event in events]

    def _private(self, subscriber: Subscriber, join: Join) -> list[bytes]:
        """What private channels had since the client was live; they have no snapshot."""
        if join.since is None:
            return []
        events = [
            (event.seq, event.bare(audience))
            for channel, audience in subscriber.group.views
            if channel.private
            for event in channel.ring.after(join.since)
        ]
        return [frame for _, frame in sorted(events)]

    def _snapshots(self, subscriber: Subscriber, reason: str | None, now: str) -> list[bytes]:
        pieces: list[bytes] = []
        for channel, audience in subscriber.group.views:
            if not channel.private:
                pieces += channel.snapshot_frames(
                    audience, position=self._position, now=now, reason=reason
                )
        return pieces


def _misses(join: Join, channel: Channel) -> bool:
    """Whether the channel's ring does not reach back to where the client is."""
    if join.cursor is not None:
        return not channel.ring.covers(join.cursor.seq)
    if join.after is not None:
        return not channel.ring.covers_version(join.after)
    if join.since is not None and (channel.private or join.reason is None):
        return not channel.ring.covers(join.since)
    return False
