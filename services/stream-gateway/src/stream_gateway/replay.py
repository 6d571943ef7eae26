"""Replay: fetches what the rings no longer have, once per channel however many wait for it.

What is fetched goes back into the channel's ring for a while, because those who were cut together
come back together.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from holdfast.contracts.events import ResetReason
from holdfast.runtime.nats import ApiError, NatsError
from stream_gateway.channel import Channel, Hole, OpenFailed
from stream_gateway.frames import Event
from stream_gateway.metrics import Metrics
from stream_gateway.opening import events_of
from stream_gateway.position import Position
from stream_gateway.source import AnotherHistory, History, Source
from stream_gateway.subscriber import Join, Subscriber

log = logging.getLogger("holdfast.gateway.replay")

LEND_SECONDS = 10.0
"""How long fetched events stay in a ring beyond its budget."""
PAUSE = 0.25
GATHER_SECONDS = 0.02
MOST_FURTHER = 20_000
"""Sequences of the whole stream."""


class Replay:
    """Owns one task for each channel with somebody waiting, and one for those ahead of the feed."""

    def __init__(
        self, position: Position, source: Source, metrics: Metrics, *, seconds: float
    ) -> None:
        self._position = position
        self._source = source
        self._metrics = metrics
        self._seconds = seconds
        self._cold: dict[Channel, set[Subscriber]] = {}
        self._ahead: set[Subscriber] = set()
        self._tasks: dict[Channel | None, asyncio.Task[None]] = {}

    def want(self, channel: Channel, subscriber: Subscriber) -> None:
        """Wake the subscriber when the ring reaches back to where it is; where that is too long
        ago, make its join a reset first."""
        self._cold.setdefault(channel, set()).add(subscriber)
        self._start(channel, lambda: self._fetch_for(channel))

    def check_ahead(self, subscriber: Subscriber) -> None:
        """Wake the subscriber when the feed has come to where it is; where the stream itself is
        not there, make its join a reset first."""
        self._ahead.add(subscriber)
        self._start(None, self._settle_ahead)

    def forget(self, subscriber: Subscriber) -> None:
        """It is gone, or starts over."""
        if not self._ahead and not self._cold:
            return
        self._ahead.discard(subscriber)
        for channel, _ in subscriber.group.views:
            waiting = self._cold.get(channel)
            if waiting is not None:
                waiting.discard(subscriber)

    def cancel(self) -> None:
        """Another history: stop everything; nobody is woken."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        self._cold.clear()
        self._ahead.clear()

    async def stop(self) -> None:
        """Cancel everything and wait for its end."""
        tasks = list(self._tasks.values())
        self.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def is_wanted(self, channel: Channel) -> bool:
        """Whether somebody waits for older events of the channel."""
        return bool(self._cold.get(channel))

    def _start(self, key: Channel | None, work: Callable[[], object]) -> None:
        running = self._tasks.get(key)
        if running is not None and not running.done():
            return
        name = "replay" if key is None else f"replay {key.name}"
        task: asyncio.Task[None] = asyncio.create_task(work(), name=name)  # type: ignore[arg-type]
        self._tasks[key] = task

        def finished(done: asyncio.Task[None]) -> None:
            if self._tasks.get(key) is done:
                del self._tasks[key]
            if not done.cancelled() and done.exception() is not None:
                log.error("%s failed", name, exc_info=done.exception())
                self._give_up(key, "internal error")

        task.add_done_callback(finished)

    async def _fetch_for(self, channel: Channel) -> None:
        """Fetch back to the oldest who waits, wake those served, again while some are not."""
        while self._cold.get(channel):
            try:
                async with asyncio.timeout(self._seconds):
                    await self._fetch_all(channel)
            except TimeoutError:
                self._give_up(channel, "its history cannot be read", but_served=True)
        self._cold.pop(channel, None)

    async def _fetch_all(self, channel: Channel) -> None:
        while self._cold.get(channel):
            try:
                await self._fetch_once(channel)
            except (NatsError, ApiError, TimeoutError, AnotherHistory, Hole) as error:
                log.info("cannot replay %s yet: %s", channel.name, error)
                await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))

    async def _fetch_once(self, channel: Channel) -> None:
        # Those who were cut together come together: wait for the rest of them.
        await asyncio.sleep(GATHER_SECONDS)
        ring, waiting = channel.ring, self._cold.get(channel)
        if not waiting:
            return
        after = self._further(min(map(_wanted_seq, waiting)))
        if after < ring.floor:
            self._metrics.cold_reads.inc()
            floor = ring.floor
            history = await self._source.history(channel.subject, after, self._position.epoch)
            if ring.floor != floor:
                return  # it moved meanwhile, so what we have may not reach up to it
            self._extend(channel, history)
        waiting = self._cold.get(channel, set())
        for subscriber in list(waiting):
            join = subscriber.join
            if join is not None and not _is_covered(join, channel):
                if _wanted_seq(subscriber) < after:
                    continue  # came while we read, from further back: the next read is for it
                subscriber.join = _without_replay(join)
            waiting.discard(subscriber)
            if join is not None:
                subscriber.wake()

    def _further(self, after: int) -> int:
        """Twice as far back, since those who are still to come have been away for longer or
        shorter: with each read this far there are but a few, however they come."""
        away = self._position.seq - after
        return max(0, after - min(away, MOST_FURTHER))

    def _extend(self, channel: Channel, history: History) -> None:
        """Put into the ring what was fetched below its floor, as far back as it is dense: beyond a
        message that is gone nobody can be resumed."""
        ring = channel.ring
        if history.floor >= ring.floor:
            return
        messages = [message for message in history.messages if message.seq <= ring.floor]
        floor, floor_version = history.floor, 0
        if channel.private:
            events = [Event(each.seq, each.time_ns, each.data) for each in messages]
        else:
            found = events_of(messages)
            events = _dense(found, ring.floor_version)
            if len(events) < len(found):
                log.warning("%s: messages are gone from its history", channel.name)
                if not events:
                    return
                floor = events[0].seq - 1
            floor_version = ring.floor_version - len(events)
        ring.prepend(events, floor, floor_version)
        asyncio.get_running_loop().call_later(LEND_SECONDS, ring.trim)

    async def _settle_ahead(self) -> None:
        """Ask the leader how far the stream is, and sort those ahead of the feed by it."""
        while self._ahead:
            asked = list(self._ahead)
            try:
                state = await self._source.stream()
                heads = {
                    channel: await self._source.head(channel.subject)
                    for channel in {
                        each.group.views[0].channel for each in asked if _by_version(each)
                    }
                }
            except (NatsError, ApiError, TimeoutError) as error:
                log.info("cannot look how far the stream is: %s", error)
                await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))
                continue
            for subscriber in asked:
                self._ahead.discard(subscriber)
                join = subscriber.join
                if join is None:
                    continue
                if join.cursor is not None:
                    last = 0 if state is None else state.last_seq
                    there = join.cursor.seq if join.cursor.seq <= last else None
                else:
                    head = heads.get(subscriber.group.views[0].channel)
                    known = head is not None and head.version >= (join.after or 0)
                    there = head.seq if head is not None and known else None
                if there is not None and there > self._position.seq:
                    self._position.when(there, subscriber.wake)
                    continue
                if there is None:
                    subscriber.join = Join(reset=ResetReason.AHEAD)
                subscriber.wake()

    def _give_up(self, key: Channel | None, problem: str, *, but_served: bool = False) -> None:
        """Send those away who wait, but perhaps not those who were live: they wait on."""
        name = "stream" if key is None else key.name
        waiting = self._ahead if key is None else self._cold.get(key, set())
        for subscriber in list(waiting):
            if not (but_served and subscriber.served):
                waiting.discard(subscriber)
                subscriber.fail(OpenFailed(name, problem))


def _dense(events: list[Event], version: int) -> list[Event]:
    """The longest end of `events` that goes up to `version` without a gap."""
    start = len(events)
    while start and events[start - 1].version == version:
        start, version = start - 1, version - 1
    return events[start:]


def _wanted_seq(subscriber: Subscriber) -> int:
    """From which sequence on the subscriber needs events; 0 where only the version is known."""
    join = subscriber.join
    if join is None:
        return 2**63
    if join.cursor is not None:
        return join.cursor.seq
    return join.since if join.since is not None and join.after is None else 0


def _by_version(subscriber: Subscriber) -> bool:
    return subscriber.join is not None and subscriber.join.after is not None


def _is_covered(join: Join, channel: Channel) -> bool:
    if join.cursor is not None:
        return channel.ring.covers(join.cursor.seq)
    if join.after is not None:
        return channel.ring.covers_version(join.after)
    return join.since is None or channel.ring.covers(join.since)


def _without_replay(join: Join) -> Join:
    """What is left to do for somebody whose place has aged out of the stream."""
    if join.resync:
        return Join(reason=join.reason, resync=True)
    return Join(reset=ResetReason.TOO_OLD)
