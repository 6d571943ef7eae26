"""Snapshots on request, from Postgres, as a `SnapshotRecord`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from command_api.domain.views.snapshot import NoSuchSlot
from command_api.entries import LARGE, encode_entry
from command_api.store.moment import Moment, VenueCache, load_moment, open_channel
from command_api.store.pool import tenant
from command_api.views import snapshot_record
from holdfast.contracts.problems import Code
from holdfast.contracts.schedule import slot_window

if TYPE_CHECKING:
    from command_api.domain.model import Venue
    from command_api.store.pool import Pool
    from holdfast.contracts.channels import ChannelKey


class NoEpoch(Exception):
    """No leader has begun to publish yet, so there is no stream to join a snapshot with."""


class NotFound(LookupError):
    """(code, detail): no such venue, or no such slot on that date."""


class SnapshotReads:
    """Loads of one channel that are asked for at the same time are one load. `pool` is one of role
    holdfast_writer."""

    def __init__(self, pool: Pool, *, now_ms: Callable[[], int]) -> None:
        self._pool = pool
        self._now_ms = now_ms
        self._venues = VenueCache(64)
        self._loads: dict[ChannelKey, asyncio.Task[bytes]] = {}

    async def stop(self) -> None:
        """Cancel what is loading."""
        loads = list(self._loads.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)

    async def read(self, key: ChannelKey) -> bytes:
        """JSON in gzip: the channel as it stands in Postgres.

        It may be ahead of the stream. `seq` then is of the version published last, not of the
        snapshot's, and there is no cursor: whoever joins it with the stream waits until the stream
        gets to the snapshot's version. Raises NotFound, NoEpoch, asyncpg errors.
        """
        load = self._loads.get(key)
        if load is None:
            load = self._loads[key] = asyncio.create_task(self._load(key))
            load.add_done_callback(lambda done: self._loaded(key, done))
        # One caller that gives up must not take the load from the others.
        return await asyncio.shield(load)

    def _loaded(self, key: ChannelKey, load: asyncio.Task[bytes]) -> None:
        del self._loads[key]
        if not load.cancelled():
            load.exception()  # seen, also where every caller has given up

    async def _load(self, key: ChannelKey) -> bytes:
        async with tenant(self._pool, [key.club]) as connection:
            moment = await load_moment(connection, key, self._venues)
            if moment is None:
                raise NotFound(Code.VENUE_NOT_FOUND, f"There is no venue {key.venue}.")
            _check_slot(moment.venue, key)
            if not moment.known:
                await open_channel(connection, key)
                moment = await load_moment(connection, key, self._venues) or moment
        if not moment.epoch:
            raise NoEpoch
        if len(moment.venue.units) >= LARGE:
            return await asyncio.to_thread(_encode, moment, self._now_ms())
        return _encode(moment, self._now_ms())


def _check_slot(venue: Venue, key: ChannelKey) -> None:
    slot = venue.slots.get(key.slot)
    if slot is None or slot_window(slot, key.date, venue.definition.timezone) is None:
        raise NotFound(Code.SLOT_NOT_FOUND, f"There is no slot {key.slot} on {key.date}.")


def _encode(moment: Moment, now_ms: int) -> bytes:
    try:
        record = snapshot_record(
            moment.venue,
            moment.state,
            epoch=moment.epoch,
            seq=moment.published_seq,
            published=moment.published_version,
            now_ms=now_ms,
        )
    except NoSuchSlot as missing:
        raise NotFound(Code.SLOT_NOT_FOUND, str(missing)) from None
    return encode_entry(record)
