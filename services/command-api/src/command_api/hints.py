"""Hints: what has changed, told to the leader at once, wherever it runs.

In-process where this replica leads, else one core-NATS message. Hints may get lost: the leader's
sweeps find the same a little later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError

from command_api.outages import heed_cancel
from holdfast.contracts.channels import ChannelKey, parse_channel
from holdfast.contracts.ids import is_id
from holdfast.contracts.subjects import RELAY_HINT_SUBJECT

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from command_api.relay import Relay
    from command_api.venues_bucket import VenuesBucket
    from holdfast.runtime.nats import Client

log = logging.getLogger("holdfast.hints")

MAX_LINES = 10_000
"""In one message; what does not fit is left to the sweep."""


class Hints:
    """On every replica. `leading` says whether this one does the leader's work."""

    def __init__(
        self, nc: Client, relay: Relay, venues: VenuesBucket, leading: Callable[[], bool]
    ) -> None:
        self._nc = nc
        self._relay = relay
        self._venues = venues
        self._leading = leading
        self._lines: dict[str, None] = {}
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen, and be ready to tell."""
        self._subscription = await self._nc.subscribe(RELAY_HINT_SUBJECT, cb=self._hear)
        self._task = asyncio.create_task(self._tell(), name="hints")

    async def stop(self) -> None:
        """What is not told yet is left to the sweep."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._subscription is not None:
            with contextlib.suppress(NatsError):  # cut off: the subscription is gone anyway
                await self._subscription.unsubscribe()

    def committed(self, keys: Iterable[ChannelKey]) -> None:
        """These channels have something to publish."""
        if self._leading():
            self._relay.wake(keys)
        else:
            self._add(key.name for key in keys)

    def venue_changed(self, club: str, venue: str) -> None:
        """The venue's definition has a new revision."""
        if self._leading():
            self._venues.changed(club, venue)
        else:
            self._add([f"venue:{club}:{venue}"])

    def _add(self, lines: Iterable[str]) -> None:
        self._lines.update(dict.fromkeys(lines))
        self._some.set()

    async def _tell(self) -> None:
        while True:
            heed_cancel()
            await self._some.wait()
            self._some.clear()
            lines, self._lines = self._lines, {}
            body = "\n".join(list(lines)[:MAX_LINES]).encode()
            try:
                await self._nc.publish(RELAY_HINT_SUBJECT, body)
            except NatsError as error:
                log.debug("no hint sent: %r", error)

    async def _hear(self, message: Msg) -> None:
        if not self._leading():
            return
        keys = []
        for line in message.data.decode(errors="replace").splitlines():
            kind, *parts = line.split(":")
            if kind == "venue" and len(parts) == 2 and all(map(is_id, parts)):
                self._venues.changed(*parts)
                continue
            with contextlib.suppress(ValueError):
                key = parse_channel(line)
                if isinstance(key, ChannelKey):
                    keys.append(key)
        self._relay.wake(keys)
