"""Reads for HTTP: clubs, venues, layouts, records, channels. Each goes to Postgres, none is cached,
but for a venue's prepared definition, which is checked against its revision."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING

import msgspec

from command_api.cache import Recent
from command_api.domain.model import ChannelState, Venue
from command_api.domain.records import BookingRecord, Record
from command_api.domain.venue.floor_plan import FloorPlan
from command_api.store.audit import AuditLog
from command_api.store.blocks import Blocks
from command_api.store.bookings import Bookings
from command_api.store.conflicts import Conflicts
from command_api.store.heads import channel_head
from command_api.store.load import decode_record, load_channel, load_venue
from command_api.store.occupancy import Occupancy
from command_api.store.pool import tenant
from command_api.store.sql import query
from command_api.store.vacancies import Vacancies
from command_api.store.waitlist import Waitlist
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.cursor import Cursor
from holdfast.contracts.ids import timestamp
from holdfast.contracts.venues import Club, ClubDefinition, Layout, VenueListing

if TYPE_CHECKING:
    from command_api.store.pool import Pool


class Reads:
    """`pool` is of the writer's role (one club at a time), `platform` of the relay's (all clubs)."""

    def __init__(self, pool: Pool, platform: Pool) -> None:
        self._pool = pool
        self._platform = platform
        self._venues: Recent[tuple[str, str], Venue] = Recent(200)
        self._plans: Recent[tuple[str, str], tuple[Venue, FloorPlan]] = Recent(200)
        self.blocks = Blocks(pool)
        self.bookings = Bookings(pool)
        self.occupancy = Occupancy(pool)
        self.audit = AuditLog(pool)
        self.conflicts = Conflicts(pool)
        self.vacancies = Vacancies(pool)
        self.waitlist = Waitlist(pool)

    async def club(self, club: str) -> Club | None:
        async with tenant(self._pool, [club]) as connection:
            row = await connection.fetchrow("select * from holdfast.clubs where club = $1", club)
        return (
            None
            if row is None
            else Club(
                club_id=row["club"], name=row["name"], created_at=timestamp(row["created_ms"])
            )
        )

    async def put_club(self, club: str, definition: ClubDefinition) -> tuple[Club, bool]:
        """Create or rename; answers the club and whether it is new."""
        async with tenant(self._pool, [club]) as connection:
            row = await connection.fetchrow(
                query("write_club"), club, definition.name, time.time_ns() // 1_000_000
            )
        assert row is not None
        stored = Club(club_id=club, name=row["name"], created_at=timestamp(row["created_ms"]))
        return stored, row["created"]

    async def clubs(self, limit: int, after: str | None) -> list[Club]:
        """Clubs behind id `after`, by id."""
        rows = await self._platform.fetch(
            "select * from holdfast.clubs where club > $1 order by club limit $2",
            after or "",
            limit,
        )
        return [
            Club(club_id=row["club"], name=row["name"], created_at=timestamp(row["created_ms"]))
            for row in rows
        ]

    async def venues(self, club: str, limit: int, after: str | None) -> list[VenueListing]:
        """Venues of a club behind id `after`, by id."""
        async with tenant(self._pool, [club]) as connection:
            rows = await connection.fetch(
                "select venue, name, timezone, layout_version from holdfast.venues"
                " where club = $1 and venue > $2 order by venue limit $3",
                club,
                after or "",
                limit,
            )
        return [
            VenueListing(
                club_id=club,
                venue_id=row["venue"],
                name=row["name"],
                timezone=row["timezone"],
                layout_version=row["layout_version"],
            )
            for row in rows
        ]

    async def venue(self, club: str, venue: str) -> Venue | None:
        """The definition as it is now."""
        place = (club, venue)
        async with tenant(self._pool, [club]) as connection:
            stamp = await connection.fetchrow(query("venue_stamp"), club, venue)
            if stamp is None:
                return None
            known = self._venues.get(place)
            if known is not None and (known.revision, known.stamp) == tuple(stamp):
                return known
            loaded = await load_venue(connection, club, venue)
        if loaded is not None:
            self._venues.put(place, loaded)
        return loaded

    async def floor_plan(self, venue: Venue) -> FloorPlan:
        """Made once for each definition that was read, by another thread: a large one takes a while."""
        place = (venue.club, venue.venue)
        known = self._plans.get(place)
        if known is None or known[0] is not venue:
            known = (venue, await asyncio.to_thread(FloorPlan, venue))
            self._plans.put(place, known)
        return known[1]

    async def layout(self, club: str, venue: str, layout_version: int) -> Layout | None:
        """Geometry of one layout version."""
        async with tenant(self._pool, [club]) as connection:
            stored = await connection.fetchval(
                "select layout from holdfast.layouts where club = $1 and venue = $2 and layout_version = $3",
                club,
                venue,
                layout_version,
            )
        if stored is None:
            return None
        layout = msgspec.json.decode(stored, type=Layout)
        layout.layout_version = layout_version
        return layout

    async def record(self, club: str, record_id: str) -> Record | None:
        """A hold, booking or block, active or ended."""
        async with tenant(self._pool, [club]) as connection:
            doc = await connection.fetchval(
                "select doc from holdfast.records where club = $1 and id = $2", club, record_id
            )
        return None if doc is None else decode_record(doc)

    async def records_by_id(self, club: str, record_ids: list[str]) -> dict[str, Record]:
        """Those of the records that there are, by id."""
        async with tenant(self._pool, [club]) as connection:
            rows = await connection.fetch(query("records_by_id"), club, record_ids)
        return {row["id"]: decode_record(row["doc"]) for row in rows}

    async def records_of_customer(
        self,
        club: str,
        customer_id: str,
        *,
        venue: str | None,
        kind: str,
        active: bool,
        limit: int,
        after: tuple[int, str] | None,
    ) -> list[Record]:
        """A customer's records of a kind, newest first; `after`: (created ms, id) of the last seen."""
        before_ms, before_id = after or (2**62, "")
        async with tenant(self._pool, [club]) as connection:
            rows = await connection.fetch(
                query("records_of_customer"),
                club,
                customer_id,
                venue,
                kind,
                active,
                before_ms,
                before_id,
                limit,
            )
        return [decode_record(row["doc"]) for row in rows]

    async def bookings_of_customer(self, club: str, customer_id: str) -> list[BookingRecord]:
        """All of them, of whatever status."""
        async with tenant(self._pool, [club]) as connection:
            rows = await connection.fetch(
                "select doc from holdfast.records"
                " where club = $1 and customer_id = $2 and kind = 'booking'",
                club,
                customer_id,
            )
        records = (decode_record(row["doc"]) for row in rows)
        return [record for record in records if isinstance(record, BookingRecord)]

    async def forget_answers(self, records: list[BookingRecord]) -> None:
        """Take the personal data out of the stored answers about these records of one club."""
        if records:
            channels = {record.channel for record in records}
            await self._platform.execute(
                query("forget_answers"),
                records[0].club,
                [channel_head(key) for key in channels],
                [dt.date.fromisoformat(key.date) for key in channels],
                [record.id for record in records],
            )

    async def records_of_series(self, club: str, venue: str, series_id: str) -> list[BookingRecord]:
        """The bookings of a series, in order of their dates."""
        async with tenant(self._pool, [club]) as connection:
            rows = await connection.fetch(query("records_of_series"), club, venue, series_id)
        records = [decode_record(row["doc"]) for row in rows]
        return [record for record in records if isinstance(record, BookingRecord)]

    async def owner_of_transaction(self, club: str, transaction_id: str, asker: str) -> str:
        """The id of what a payment transaction pays for: of whoever asks first, for good."""
        now_ms = time.time_ns() // 1_000_000
        async with tenant(self._pool, [club]) as connection:
            owner: str | None = None
            while owner is None:  # somebody's row may be committed between insert and look
                owner = await connection.fetchval(
                    query("owner_of_transaction"), club, transaction_id, asker, now_ms
                )
        return owner

    async def channel(self, key: ChannelKey) -> ChannelState:
        """A channel as committed; empty at version 0 where nothing happened yet."""
        async with tenant(self._pool, [key.club]) as connection:
            return await load_channel(connection, key)

    async def channel_version(self, key: ChannelKey) -> int:
        """The committed version, without the state."""
        async with tenant(self._pool, [key.club]) as connection:
            version = await connection.fetchval(
                "select version from holdfast.heads where club = $1 and head = $2",
                key.club,
                channel_head(key),
            )
        return version or 0

    async def history(self) -> Cursor | None:
        """Epoch and last acknowledged sequence of the stream, once there is one."""
        row = await self._platform.fetchrow("select epoch, last_seq from holdfast.relay_state")
        return None if row is None else Cursor(row["epoch"], row["last_seq"])
