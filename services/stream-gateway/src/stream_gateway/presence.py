"""Presence: how many streams watch a channel, over all gateways; staff are told.

Over core NATS: a number of a moment ago that is lost is mended by the next, and none is ever stored.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import secrets
import time
import zlib
from contextlib import suppress

import msgspec
from nats.aio.msg import Msg

from holdfast.contracts.presence import PresenceReport
from holdfast.contracts.states import Audience
from holdfast.contracts.subjects import PRESENCE_SUBJECT
from holdfast.runtime.nats import Client, NatsError, cancellable
from stream_gateway import frames
from stream_gateway.group import Group
from stream_gateway.hub import Hub
from stream_gateway.tally import Tally

log = logging.getLogger("holdfast.gateway.presence")

REPORT_SECONDS = 5.0
"""At least so often, also with nothing new: it says that the gateway lives."""
ASK_SECONDS = 5.0


class Presence:
    """`run` for ever, once connected; reports and tells each `interval` seconds."""

    def __init__(self, nc: Client, hub: Hub, *, interval: float) -> None:
        self._nc = nc
        self._hub = hub
        self._interval = interval
        self._name = secrets.token_hex(8)
        self._tally = Tally()
        self._number = 0
        self._reported = 0.0
        self._asked = -ASK_SECONDS
        self._asks = True
        self._whole = True
        self._told: dict[Group, tuple[int, dict[str, int]]] = {}
        """By group: who had joined it then, and what its members were told."""

    async def run(self) -> None:
        """Report, listen and tell staff until cancelled."""
        while True:
            try:
                await self._follow()
            except (NatsError, OSError) as error:
                log.info("presence waits: %s", error)
                await asyncio.sleep(self._interval)

    async def _follow(self) -> None:
        subscription = await cancellable(self._nc.subscribe(PRESENCE_SUBJECT, cb=self._receive))
        try:
            while True:
                await self._report(time.monotonic())
                self._tell()
                await asyncio.sleep(self._interval)
        finally:
            with suppress(NatsError):
                await cancellable(subscription.unsubscribe())

    async def _receive(self, message: Msg) -> None:
        try:
            data = message.data
            plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
            report = msgspec.json.decode(plain, type=PresenceReport)
        except (msgspec.MsgspecError, OSError, EOFError, zlib.error) as error:
            log.warning("a report of presence cannot be read: %s", error)
            return
        if report.gateway == self._name:
            return
        self._whole |= report.asks
        if not self._tally.take(report, time.monotonic()):
            self._asks = True

    async def _report(self, now: float) -> None:
        self._tally.expire(now)
        changed = self._hub.registry.viewers_changed
        asks = self._asks and now - self._asked >= ASK_SECONDS
        quiet = now - self._reported < REPORT_SECONDS
        if not self._nc.is_connected or (quiet and not (changed or self._whole or asks)):
            return
        whole = self._whole
        viewers = self._all() if whole else dict(changed)
        changed.clear()
        self._number += 1
        report = PresenceReport(
            gateway=self._name, number=self._number, whole=whole, asks=asks, viewers=viewers
        )
        try:
            data = gzip.compress(msgspec.json.encode(report), 1, mtime=0)
            await cancellable(self._nc.publish(PRESENCE_SUBJECT, data))
        except NatsError as error:
            log.info("presence cannot be reported: %s", error)
            self._whole = True
            return
        self._reported = now
        self._whole = False
        if asks:
            self._asked, self._asks = now, False

    def _all(self) -> dict[str, int]:
        return {
            channel.name: channel.viewers
            for channel in self._hub.registry.channels.values()
            if channel.viewers
        }

    def _tell(self) -> None:
        """Write the numbers that are new to the groups with staff, and all of them to a group that
        somebody has joined."""
        told, self._told = self._told, {}
        for group in self._hub.registry.groups.values():
            if not (group.size and group.shows_staff):
                continue
            joined, known = told.get(group, (-1, {}))
            numbers = {
                channel.name: channel.viewers + self._tally.elsewhere(channel.name)
                for channel, form in group.views
                if form.audience is Audience.STAFF and not channel.private
            }
            fresh = group.joined != joined
            news = [
                frames.viewers(name, number)
                for name, number in numbers.items()
                if fresh or known.get(name) != number
            ]
            if news:
                group.write_to(group.members(), group.coding.pack(b"".join(news)))
            self._told[group] = group.joined, numbers
