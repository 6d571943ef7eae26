"""Opening: loads channels, and loads their sections again when the layout changed.

A channel takes its events aside from the moment it exists, so the order here is: a snapshot, then
the subject's head on the leader, then what the stream has between the two, then what was put aside.
One task per channel however many wait.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import NamedTuple

import msgspec

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.runtime.nats import ApiError, NatsError
from stream_gateway.channel import Channel, Hole, OpenFailed, State
from stream_gateway.consumer import Delivery
from stream_gateway.frames import Event, decode_change
from stream_gateway.metrics import Metrics
from stream_gateway.picture import Picture, UnknownSection
from stream_gateway.position import Position
from stream_gateway.source import AnotherHistory, SnapshotRefused, Source
from stream_gateway.subscriber import Subscriber

log = logging.getLogger("holdfast.gateway.opening")

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0
PUBLISH_SECONDS = 2.0
"""How long to wait for a version before a later snapshot is looked for."""


class NotYet(Exception):
    """The channel cannot be opened now, but soon; `args[0]` says why."""


NOT_NOW = (NotYet, AnotherHistory, Hole, UnknownSection, NatsError, ApiError)


class _Load(NamedTuple):
    picture: Picture
    floor: int
    missing: list[Event]


class Opening:
    """Owns one task for each channel that is being loaded."""

    def __init__(
        self, position: Position, source: Source, metrics: Metrics, *, seconds: float
    ) -> None:
        self._position = position
        self._source = source
        self._metrics = metrics
        self._seconds = seconds
        self._tasks: dict[Channel, asyncio.Task[None]] = {}
        self._distrusted: set[Channel] = set()
        """Channels whose kept snapshot does not fit what the stream has."""

    def ensure(self, channel: Channel) -> None:
        """Open it, now if that needs nothing from elsewhere, else by a task."""
        running = self._tasks.get(channel)
        if channel.is_open or (running is not None and not running.done()):
            return
        if channel.private:
            if self._position.attached:
                channel.open_private(self._position.seq)
            return
        task = asyncio.create_task(self._run(channel), name=f"open {channel.name}")
        self._tasks[channel] = task
        task.add_done_callback(lambda done: self._finished(channel, done))

    def cancel(self, channel: Channel) -> None:
        """Stop loading it; whoever waits goes on waiting for the next `ensure`."""
        task = self._tasks.pop(channel, None)
        if task is not None:
            task.cancel()

    async def stop(self) -> None:
        """Cancel every load and wait for its end."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, channel: Channel, task: asyncio.Task[None]) -> None:
        if self._tasks.get(channel) is task:
            del self._tasks[channel]
            self._distrusted.discard(channel)
        if not task.cancelled() and task.exception() is not None:
            log.error("opening %s failed", channel.name, exc_info=task.exception())
            _fail_waiters(channel, OpenFailed(channel.name, "internal error"))

    async def _run(self, channel: Channel) -> None:
        """Open the channel. Whoever waits for too long is sent away, to another gateway perhaps;
        but a stream that was live is never ended for what the feed has lost: it waits on."""
        try:
            while not await self._opens_in_time(channel):
                if not channel.waiters:
                    return
        except SnapshotRefused as error:
            _fail_waiters(channel, OpenFailed(channel.name, str(error), known=False))
            return
        waiters = list(channel.waiters)
        channel.waiters.clear()
        for waiter in waiters:
            waiter.wake()

    async def _opens_in_time(self, channel: Channel) -> bool:
        """Try again and again; a reload is tried for ever, since its clients are live and must be
        able to come back."""
        pause = FIRST_PAUSE
        problem = "no answer"
        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._position.until_attached()
                while not channel.is_open:
                    if channel.state is State.RELOADING:
                        limit.reschedule(None)
                    try:
                        await self._step(channel)
                    except SnapshotRefused as error:
                        if error.status == 404:
                            raise
                        problem = str(error)
                    except NOT_NOW as error:
                        problem = str(error) or type(error).__name__
                    except TimeoutError:
                        problem = "time-out"
                    else:
                        continue
                    log.info("%s waits: %s", channel.name, problem)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                    pause = min(2 * pause, LONGEST_PAUSE)
        except TimeoutError:
            log.warning("%s could not be opened: %s", channel.name, problem)
            _fail_waiters(channel, OpenFailed(channel.name, problem), but_served=True)
            return False
        return True

    async def _step(self, channel: Channel) -> None:
        if not isinstance(channel.key, ChannelKey):
            raise TypeError(f"{channel.name} has no snapshot")
        if channel.state is State.OPENING:
            load = await self._load(channel, channel.key)
            try:
                channel.install(load.picture, load.floor, load.missing)
            except Hole:
                channel.reset()
                self._distrusted.add(channel)
                raise
            return
        version = channel.reload_from
        record = await self._record(channel.key, at_least=version, trusted=True)
        await self._caught_up(channel, record.snapshot.version)
        if channel.state is State.RELOADING and channel.reload_from == version:
            channel.refresh(Picture(record.snapshot))

    async def _load(self, channel: Channel, key: ChannelKey) -> _Load:
        trusted = channel not in self._distrusted
        record = await self._record(key, at_least=0, trusted=trusted)
        version = record.snapshot.version
        before = self._position.seq
        head = await self._source.head(channel.subject)
        picture = Picture(record.snapshot)
        epoch = self._position.epoch
        if head is not None and head.epoch not in (None, epoch):
            head = None
        if head is None and record.is_published:
            return await self._load_without_head(picture, before)
        if head is None or head.version < version:
            return await self._load_ahead(channel, record, picture, before)
        missing: list[Event] = []
        floor = head.seq
        if head.version > version:
            history = await self._source.history(channel.subject, record.seq, epoch)
            missing = [event for event in events_of(history.messages) if event.version > version]
            if not missing:
                self._distrusted.add(channel)
                raise NotYet(f"nothing follows version {version}, though {head.version} is there")
            # Only what follows is in the ring. A snapshot on request may be ahead of `seq`: whoever
            # is in between would miss what leads up to it.
            floor = (record.is_published and record.seq) or missing[0].seq - 1
        # Else the snapshot would be ahead of the cursor that goes with it.
        await self._position.reached(missing[-1].seq if missing else head.seq)
        return _Load(picture, floor, missing)

    async def _load_ahead(
        self, channel: Channel, record: SnapshotRecord, picture: Picture, before: int
    ) -> _Load:
        """The snapshot is ahead of the channel's head in the stream. It was committed and is not
        there yet, and nobody may see it before: its versions would come behind the cursor that goes
        with it. Or it was there, at `record.seq`, and has been removed since."""
        gone = record.seq if record.is_published else 0
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                while (seq := channel.kept_seq(picture.version)) is None:
                    if 0 < gone <= self._position.seq:
                        return _Load(picture, max(before, gone), [])
                    await self._position.moved()
                await self._position.reached(seq)
        except TimeoutError:
            self._distrusted.add(channel)
            raise NotYet(f"version {picture.version} does not come") from None
        return _Load(picture, seq, [])

    async def _load_without_head(self, picture: Picture, before: int) -> _Load:
        """The stream has nothing of this channel, and nothing is on its way: it never moved, or not
        for the whole window. `before` is the feed's position before we looked."""
        state = await self._source.stream()
        if state is None or state.epoch != self._position.epoch:
            raise AnotherHistory(f"the stream is not of epoch {self._position.epoch}")
        # Older cursors go to the stream itself, which knows what has aged out.
        return _Load(picture, before, [])

    async def _caught_up(self, channel: Channel, version: int) -> None:
        while channel.state is State.RELOADING and channel.version < version:
            await self._position.moved()

    async def _record(self, key: ChannelKey, *, at_least: int, trusted: bool) -> SnapshotRecord:
        """A snapshot of the present epoch at `at_least` or later; raises NotYet."""
        epoch = self._position.epoch
        if trusted:
            kept = await self._source.kept_snapshot(key)
            if kept and kept.snapshot.epoch == epoch and kept.snapshot.version >= at_least:
                self._metrics.loads.labels("bucket").inc()
                return kept
        asked = await self._source.asked_snapshot(key)
        if asked.snapshot.epoch != epoch:
            raise NotYet(f"snapshot of epoch {asked.snapshot.epoch}, the feed is in {epoch}")
        if asked.snapshot.version < at_least:
            raise NotYet(f"snapshot at version {asked.snapshot.version}, {at_least} is needed")
        self._metrics.loads.labels("service").inc()
        return asked


def events_of(messages: list[Delivery]) -> list[Event]:
    """Messages of availability subjects as events; raises Hole at one that cannot be read."""
    try:
        return [
            Event(message.seq, message.time_ns, message.data, change=decode_change(message.data))
            for message in messages
        ]
    except msgspec.MsgspecError as error:
        raise Hole(f"a message cannot be read: {error}") from error


def _fail_waiters(channel: Channel, problem: OpenFailed, *, but_served: bool = False) -> None:
    for waiter in list(channel.waiters):
        if but_served and isinstance(waiter, Subscriber) and waiter.served:
            continue
        channel.waiters.discard(waiter)
        waiter.fail(problem)
