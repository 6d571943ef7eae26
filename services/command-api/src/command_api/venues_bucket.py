"""Keeps the bucket `VENUES` equal to the venue definitions in Postgres. Runs on the leader."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from command_api.bucket import Bucket
from command_api.outages import OUTAGES, heed_cancel
from command_api.store.sql import query
from holdfast.contracts.subjects import VENUES_BUCKET, venue_key
from holdfast.contracts.venues import Policy, Slot, VenueRecord
from holdfast.runtime.nats import NOT_FOUND_STREAM, ApiError, Client, jetstream_api

if TYPE_CHECKING:
    from command_api.store.pool import Pool

log = logging.getLogger("holdfast.venues")

SWEEP_SECONDS = 30.0
RETRY_SECONDS = 1.0

Place = tuple[str, str]
"""(club, venue)."""


class _Definition(msgspec.Struct, rename="camel"):
    """The part of a definition that gateways need; thousands of sections are skipped over."""

    slots: list[Slot]
    name: str = ""
    timezone: str = "UTC"
    policy: Policy = msgspec.field(default_factory=Policy)


class _Entry(NamedTuple):
    venue_revision: int
    bucket_revision: int


class VenuesBucket:
    """`run` is a duty of the leader; `pool` is one of role holdfast_relay. `on_change` is told of
    every venue whose definition has changed. Entries are never removed."""

    def __init__(
        self, pool: Pool, nc: Client, *, on_change: Callable[[str, str], None] = lambda _c, _v: None
    ) -> None:
        self._pool = pool
        self._nc = nc
        self._bucket = Bucket(nc, VENUES_BUCKET)
        self._on_change = on_change
        self._known: dict[Place, _Entry] = {}
        self._changed: set[Place] = set()
        self._woken = asyncio.Event()

    def changed(self, club: str, venue: str) -> None:
        """This definition has a new revision."""
        self._changed.add((club, venue))
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        self._known.clear()
        pause = 0.0
        while True:
            heed_cancel()
            self._woken.clear()
            try:
                if pause == SWEEP_SECONDS and self._changed:
                    await self._publish_changed()
                else:
                    await self._sweep()
                pause = SWEEP_SECONDS
            except OUTAGES as error:
                missing = isinstance(error, ApiError) and error.err_code == NOT_FOUND_STREAM
                # At the very first start the bucket is being made at this moment.
                log.log(logging.INFO if missing else logging.WARNING, "venues: %r", error)
                pause = RETRY_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _publish_changed(self) -> None:
        while self._changed:
            place = self._changed.pop()
            try:
                await self._publish(*place)
            except BaseException:
                self._changed.add(place)
                raise

    async def _sweep(self) -> None:
        """Compare all revisions; also finds a bucket that was made anew."""
        info = await jetstream_api(self._nc, f"STREAM.INFO.KV_{VENUES_BUCKET}", timeout=2)
        if info["state"]["messages"] < len(self._known):
            self._known.clear()
        for club, venue, revision in await self._pool.fetch(query("venue_revisions")):
            entry = self._known.get((club, venue))
            if entry is None or entry.venue_revision < revision:
                await self._publish(club, venue)
        self._changed.clear()

    async def _publish(self, club: str, venue: str) -> None:
        row = await self._pool.fetchrow(query("venue_definition"), club, venue)
        if row is None:
            return
        place, key, revision = (club, venue), venue_key(club, venue), row["revision"]
        entry = self._known.get(place) or await self._read(key)
        try:
            body = _record(club, venue, revision, row["layout_version"], row["definition"])
        except msgspec.DecodeError:
            log.exception("the definition of %s/%s cannot be read", club, venue)
            return  # the others are served
        while entry.venue_revision < revision:
            written = await self._bucket.put(key, body, revision=entry.bucket_revision, headers={})
            if written is None:
                entry = await self._read(key)
                continue
            entry = _Entry(revision, written)
            self._on_change(club, venue)
        self._known[place] = entry

    async def _read(self, key: str) -> _Entry:
        head = await self._bucket.get(key)
        if head is None:
            return _Entry(0, 0)
        try:
            return _Entry(msgspec.json.decode(head.body, type=VenueRecord).revision, head.seq)
        except msgspec.DecodeError:
            return _Entry(0, head.seq)  # somebody else's: replaced


def _record(club: str, venue: str, revision: int, layout_version: int, definition: bytes) -> bytes:
    public = msgspec.json.decode(definition, type=_Definition)
    return msgspec.json.encode(
        VenueRecord(
            club_id=club,
            venue_id=venue,
            name=public.name,
            timezone=public.timezone,
            public_read=public.policy.public_read,
            revision=revision,
            layout_version=layout_version,
            slots=public.slots,
            booking_horizon_days=public.policy.booking_horizon_days,
        )
    )
