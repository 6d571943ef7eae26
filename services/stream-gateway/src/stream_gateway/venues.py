"""Venues: the `VENUES` bucket in memory, kept by a consumer of our own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.schedule import slot_window
from holdfast.contracts.subjects import VENUES_BUCKET, venue_key
from holdfast.contracts.venues import Slot, VenueRecord
from holdfast.runtime.nats import NOT_FOUND_STREAM, ApiError, Client, NatsError
from stream_gateway.consumer import Delivery, PushConsumer

log = logging.getLogger("holdfast.gateway.venues")

PREFIX = f"$KV.{VENUES_BUCKET}."
PAUSE = 0.25
CRASH_PAUSE = 1.0


class Venue:
    """One venue's record with its slots by id."""

    def __init__(self, record: VenueRecord) -> None:
        self.record = record
        self._slots: dict[str, Slot] = {slot.slot_id: slot for slot in record.slots}

    def runs(self, slot_id: str, date: str) -> bool:
        """Whether there is such a slot and it runs on that date (closed or not)."""
        slot = self._slots.get(slot_id)
        return slot is not None and slot_window(slot, date, self.record.timezone) is not None

    def has_slot(self, slot_id: str) -> bool:
        """Whether there is such a slot on any date."""
        return slot_id in self._slots


class Venues:
    """`run` for ever. Read whole at every start, so that nothing missed can stay wrong; but what only
    is not there any more is kept, since a venue is never removed, and a bucket may be. `on_private` is
    told of each venue that is not public, whenever it is read."""

    def __init__(
        self, nc: Client, on_private: Callable[[str, str], None] = lambda _c, _v: None
    ) -> None:
        self._nc = nc
        self._on_private = on_private
        self._known: dict[str, Venue] = {}
        self._fresh: dict[str, Venue] | None = None
        self._consumer: PushConsumer | None = None
        self.loaded = False

    def find(self, club: str, venue: str) -> Venue | None:
        """The venue as last published."""
        return self._known.get(venue_key(club, venue))

    def runs(self, key: ChannelKey) -> bool:
        """Whether the channel exists."""
        venue = self.find(key.club, key.venue)
        return venue is not None and venue.runs(key.slot, key.date)

    def doubt(self, reason: str) -> None:
        """Read everything again, for instance after a reconnect."""
        if self._consumer is not None:
            self._consumer.fail(reason)

    async def run(self) -> None:
        """Follow the bucket until cancelled."""
        while True:
            try:
                await self._follow()
            except (NatsError, ApiError, TimeoutError, OSError) as error:
                if not (isinstance(error, ApiError) and error.err_code == NOT_FOUND_STREAM):
                    log.info("the venues wait: %s", error or type(error).__name__)
                await asyncio.sleep(PAUSE)
            except Exception:
                log.exception("following the venues failed and starts again")
                await asyncio.sleep(CRASH_PAUSE)

    async def _follow(self) -> None:
        self._fresh = {}
        consumer = self._consumer = PushConsumer(
            self._nc, f"KV_{VENUES_BUCKET}", self._receive, on_idle=lambda _seq: self._complete()
        )
        try:
            waiting = await consumer.start(
                deliver_policy="last_per_subject", filter_subject=f"{PREFIX}>"
            )
            if waiting == 0:
                self._complete()
            log.info("the venues are read again: %s", await consumer.ended())
        finally:
            self._consumer = None
            await consumer.stop()

    def _receive(self, delivery: Delivery) -> None:
        target = self._known if self._fresh is None else self._fresh
        key = delivery.subject.removeprefix(PREFIX)
        if "KV-Operation" in delivery.headers or not delivery.data:
            target.pop(key, None)
            self._known.pop(key, None)
        else:
            try:
                record = msgspec.json.decode(delivery.data, type=VenueRecord)
                target[key] = Venue(record)
                if not record.public_read:
                    self._on_private(record.club_id, record.venue_id)
            except msgspec.MsgspecError:
                log.exception("the record of venue %s cannot be read", key)
        if delivery.pending == 0:
            self._complete()

    def _complete(self) -> None:
        if self._fresh is not None:
            self._known, self._fresh = self._known | self._fresh, None
            self.loaded = True
