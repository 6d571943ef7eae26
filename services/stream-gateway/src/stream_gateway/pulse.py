"""Pulse: the one timer of the process. Checkpoints for the quiet, the end for the old, the expired
and the stuck, and the closing of idle channels."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque

from stream_gateway import frames
from stream_gateway.clock import timestamp_now
from stream_gateway.config import Config
from stream_gateway.group import Group, Member
from stream_gateway.hub import Hub
from stream_gateway.subscriber import Subscriber

AGE_SPREAD = 0.2
CHECKPOINTS_PER_TURN = 1000
CLOSING_SECONDS = 5.0
"""How long a client may take to read our last words."""


class Pulse:
    """Ticks some times per checkpoint interval, at least once a second."""

    def __init__(self, hub: Hub, config: Config) -> None:
        self._hub = hub
        self._config = config
        self._interval = min(1.0, config.checkpoint_seconds / 4)
        self._wheel: dict[int, set[Subscriber]] = {}
        """Clients by the interval in which they end."""
        self._turned = self._slot(time.monotonic())
        self._waiting: dict[Subscriber, float] = {}
        """Clients on their way to live, and when they last heard of us."""
        self._due: deque[tuple[Group, list[Member]]] = deque()
        """Who gets a checkpoint next."""

    def watch(self, subscriber: Subscriber) -> None:
        """See to it that the client gets its checkpoints and its end."""
        now = time.monotonic()
        age = self._config.max_age_seconds * random.uniform(1 - AGE_SPREAD, 1 + AGE_SPREAD)
        if subscriber.expires is not None:
            age = min(age, max(0.0, subscriber.expires - time.time()))
        subscriber.bucket = self._wheel.setdefault(self._slot(now + age) + 1, set())
        subscriber.bucket.add(subscriber)
        if not subscriber.is_live:
            self._waiting[subscriber] = now

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            self.tick(time.monotonic())
            while self._due:
                self.send_some()
                await asyncio.sleep(0)

    def tick(self, now: float) -> None:
        """Everything that is due."""
        self._end_expired(now)
        self._send_checkpoints(now)
        self._cut_stuck(now)
        self._close_idle_channels(now)

    def send_some(self) -> None:
        """Bring checkpoints to some of those who are due. Between two bunches the loop does what
        else there is, so that fifty thousand quiet clients delay nobody."""
        room = CHECKPOINTS_PER_TURN
        while self._due and room > 0:
            group, members = self._due.popleft()
            bunch, rest = members[:room], members[room:]
            room -= len(bunch)
            if rest:
                self._due.appendleft((group, rest))
            # Before the position is read: an id must not be older than what was written before it.
            group.flush()
            position = self._hub.position
            here = frames.checkpoint(timestamp_now(), position.cursor)
            group.write_to(bunch, group.coding.wrap(here))

    def _slot(self, moment: float) -> int:
        return int(moment / self._interval)

    def _end_expired(self, now: float) -> None:
        last = self._slot(now)
        for slot in range(self._turned + 1, last + 1):
            for client in list(self._wheel.pop(slot, ())):
                client.bucket = None
                if client.expires is not None and client.expires <= time.time():
                    self._hub.close(client, "token_expired", frames.reauth("token_expired"))
                else:
                    self._hub.close(client, "max_age")
        self._turned = last

    def _send_checkpoints(self, now: float) -> None:
        quiet_since = now - self._config.checkpoint_seconds
        for group in list(self._hub.registry.groups.values()):
            if group.size and not group.has_pending and group.last_write <= quiet_since:
                group.last_write = now
                self._due.append((group, group.members()))
        # Those who are not live are at no place of ours: no id, or they would miss what they await.
        placeless = frames.checkpoint(timestamp_now(), None)
        for client, heard in list(self._waiting.items()):
            if client.is_live or client.closing:
                del self._waiting[client]
            elif heard <= quiet_since and not client.busy:
                client.say(placeless)
                self._waiting[client] = now

    def _cut_stuck(self, now: float) -> None:
        for client in list(self._hub.stalled_clients):
            limit = CLOSING_SECONDS if client.closing else self._config.stuck_seconds
            if now - client.stalled_at > limit:
                self._hub.stalled_clients.pop(client, None)
                client.cut()
            elif client.behind_since and now - client.behind_since > self._config.behind_seconds:
                self._hub.close(client, "behind")

    def _close_idle_channels(self, now: float) -> None:
        limit = self._config.idle_channel_seconds
        idle = [
            channel
            for channel in self._hub.registry.channels.values()
            if channel.idle_since is not None
            and now - channel.idle_since >= limit
            and not channel.groups
            and not channel.waiters
        ]
        for channel in idle:
            self._hub.registry.drop(channel)
