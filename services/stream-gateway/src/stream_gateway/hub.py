"""Hub: takes every message of the feed to its channel, and every channel's frames to its groups."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

import msgspec

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.events import ResetReason
from holdfast.contracts.states import Audience
from stream_gateway import frames
from stream_gateway.channel import Channel, OpenFailed, Receipt
from stream_gateway.clock import jittered_retry, later_retry
from stream_gateway.coding import Coding
from stream_gateway.config import Config
from stream_gateway.consumer import Delivery
from stream_gateway.frames import Event, decode_change
from stream_gateway.group import Group, Turn
from stream_gateway.joining import Joining
from stream_gateway.metrics import Metrics
from stream_gateway.opening import Opening
from stream_gateway.position import Position
from stream_gateway.registry import Registry
from stream_gateway.replay import Replay
from stream_gateway.source import Source
from stream_gateway.subscriber import SLOW, Join, Subscriber

log = logging.getLogger("holdfast.gateway.hub")
access = logging.getLogger("holdfast.gateway.access")


class Hub:
    """All channels, groups and clients of the process. Lives in one event loop, without locks: each
    method that changes who gets what runs to its end without awaiting."""

    def __init__(self, config: Config, source: Source, metrics: Metrics) -> None:
        self.position = Position()
        self.clients: set[Subscriber] = set()
        self.stalled_clients: dict[Subscriber, None] = {}
        self._config = config
        self._metrics = metrics
        self.opening = Opening(self.position, source, metrics, seconds=config.open_seconds)
        self.replay = Replay(self.position, source, metrics, seconds=config.open_seconds)
        self.registry = Registry(config, metrics, self.opening.cancel)
        self._joining = Joining(self.position, self.opening, self.replay, metrics)
        self._loop = asyncio.get_running_loop()
        self._dirty: list[Group] = []
        self._empty = asyncio.Event()
        self._empty.set()

    async def stop(self) -> None:
        """Cut whoever is left and end every task."""
        for client in list(self.clients):
            client.cut()
        await self.opening.stop()
        await self.replay.stop()

    # From the routes

    def subscriber(
        self,
        wanted: Iterable[tuple[ChannelKey | CustomerKey, Audience]],
        join: Join,
        coding: Coding,
        *,
        expires: float | None = None,
    ) -> Subscriber:
        """A client of these channels; `admit` it once it has its connection, or `dismiss` it."""
        return Subscriber(self.registry.join(wanted, coding), join, self, expires=expires)

    def admit(self, subscriber: Subscriber) -> None:
        """The subscriber has its connection: bring it to live."""
        self.clients.add(subscriber)
        self._empty.clear()
        self._metrics.clients.set(len(self.clients))
        self.attempt(subscriber)
        subscriber.greet()

    def dismiss(self, subscriber: Subscriber) -> None:
        """The subscriber never got its connection."""
        self._leave_group(subscriber)

    # From the feed

    def begin(self, epoch: str, seq: int) -> None:
        """The feed starts at `seq` of a history. If there was another one before, nothing that
        anybody knows is worth anything."""
        again = self.position.attached
        self.replay.cancel()
        for channel in self.registry.channels.values():
            self.opening.cancel(channel)
            channel.reset()
        for group in self.registry.groups.values():
            group.discard()
        self.position.begin(epoch, seq)
        for client in list(self.clients):
            client.group.remove(client)
            join = client.join
            resumes = join is not None and (join.cursor is not None or join.after is not None)
            if again and (client.served or resumes):
                client.join = Join(reset=ResetReason.EPOCH)
            self._joining.wake(client)
        for channel in self.registry.channels.values():
            if channel.waiters:
                self.opening.ensure(channel)

    def receive(self, delivery: Delivery) -> None:
        """The next message of the stream."""
        self._metrics.events.inc()
        channel = self.registry.channels.get(delivery.subject)
        if channel is not None:
            try:
                self._apply(channel, delivery)
            except Exception:
                if channel.private:
                    raise
                # Some clients may have it and some not, so all of them start over.
                log.exception("message %d of %s", delivery.seq, delivery.subject)
                self._reload(channel, None)
        self.position.advance(delivery.seq)

    def idle(self, seq: int) -> None:
        """The stream has nothing up to `seq` that was not received."""
        self.position.advance(seq)

    def _apply(self, channel: Channel, delivery: Delivery) -> None:
        try:
            change = None if channel.private else decode_change(delivery.data)
        except msgspec.MsgspecError as error:
            # Nobody can tell what it says, so only a snapshot after it can go on.
            log.error("message %d of %s: %s", delivery.seq, delivery.subject, error)  # noqa: TRY400
            self._reload(channel, None)
            return
        event = Event(delivery.seq, delivery.time_ns, delivery.data, change=change)
        match channel.receive(event):
            case Receipt.DELIVER:
                self._deliver(channel, event)
                if not channel.is_open:
                    self.opening.ensure(channel)
            case Receipt.HOLE:
                log.warning("%s: version %d after %d", channel.name, event.version, channel.version)
                self._reload(channel, event)
            case _:
                pass

    def _deliver(self, channel: Channel, event: Event) -> None:
        epoch = self.position.epoch
        for group, form_ in channel.groups.items():
            if group.push(event.frame(form_, epoch)):
                if not self._dirty:
                    self._loop.call_soon(self._flush)
                self._dirty.append(group)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        turn = Turn()
        for group in dirty:
            group.flush(turn)
        turn.end(self._metrics)

    def _reload(self, channel: Channel, event: Event | None) -> None:
        """Load the channel anew and bring its clients back with snapshots: never silence."""
        self._metrics.holes.inc()
        self.opening.cancel(channel)
        channel.reset(event)
        for client in [each for each in self.clients if each.group in channel.groups]:
            self._resync(client, "reloaded")
            self._joining.wake(client)
        self.opening.ensure(channel)

    def _resync(self, client: Subscriber, reason: str) -> bool:
        """Take a live client out of its group, to come back by snapshots; False if not live."""
        since = client.group.sent_up_to(self.position.seq)
        if not client.group.remove(client):
            return False
        client.join = Join(since=since, reason=reason, resync=True)
        return True

    # From the subscribers

    def attempt(self, subscriber: Subscriber) -> None:
        if not subscriber.busy:
            self.stalled_clients.pop(subscriber, None)
        self._joining.attempt(subscriber)

    def wake(self, subscriber: Subscriber) -> None:
        self._joining.wake(subscriber)

    def stalled(self, subscriber: Subscriber) -> None:
        self.stalled_clients[subscriber] = None
        if self._resync(subscriber, SLOW):
            subscriber.behind_since = time.monotonic()
            self._metrics.slow.inc()

    def refuse(self, subscriber: Subscriber, problem: OpenFailed) -> None:
        """In-band, because a native EventSource gives up for good on an HTTP error."""
        if not subscriber.closing:
            log.info("a client is sent away: %s", problem)
            words = frames.encode(comment=problem.problem.replace("\n", " "))
            self.close(subscriber, "unavailable", words, retry=later_retry())

    def close(
        self,
        subscriber: Subscriber,
        reason: str,
        last_words: bytes = b"",
        *,
        retry: int | None = None,
    ) -> None:
        """End a stream in order; the client comes back after `retry` ms, or a while of its own."""
        if subscriber.closing:
            return
        self._metrics.closes.labels(reason).inc()
        subscriber.group.flush()
        subscriber.group.remove(subscriber)
        subscriber.stalled_at = time.monotonic()
        self.stalled_clients[subscriber] = None
        subscriber.finish(last_words + frames.farewell(retry or jittered_retry()))

    def close_anonymous(self, club: str, venue: str) -> None:
        """The venue is not public (any more): who has no token has seen enough. Only tokens expire."""
        for subscriber in list(self.clients):
            if subscriber.expires is None and any(
                isinstance(view.channel.key, ChannelKey) and view.channel.key[:2] == (club, venue)
                for view in subscriber.group.views
            ):
                self.close(subscriber, "not_public")

    def gone(self, subscriber: Subscriber) -> None:
        if subscriber not in self.clients:
            return
        self.clients.discard(subscriber)
        self.stalled_clients.pop(subscriber, None)
        self.replay.forget(subscriber)
        if subscriber.bucket is not None:
            subscriber.bucket.discard(subscriber)
        self._leave_group(subscriber)
        self._metrics.clients.set(len(self.clients))
        if not self.clients:
            self._empty.set()
        if self._config.access_log:
            seconds = round(time.monotonic() - subscriber.opened, 3)
            channels = [view.channel.name for view in subscriber.group.views]
            access.info("stream ended", extra={"seconds": seconds, "channels": channels})

    def _leave_group(self, subscriber: Subscriber) -> None:
        if subscriber.lease is not None:
            subscriber.lease.end()
        group = subscriber.group
        group.remove(subscriber)
        for channel, _ in group.views:
            channel.waiters.discard(subscriber)
        self.registry.leave(group)

    async def until_empty(self) -> None:
        """Wait until the last client has gone."""
        await self._empty.wait()
