"""How much of a venue is taken: counted in SQL over many channels, or section by section of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from command_api.cache import Recent
from command_api.domain.model import Tally, Venue
from command_api.domain.venue.places import Lots, category_of, lots_of
from command_api.domain.views.stats import SeatsTaken, Taking
from command_api.store.crowding import Elsewhere, apart, elsewhere
from command_api.store.heads import channel_head
from command_api.store.pool import questions, tenant
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey

if TYPE_CHECKING:
    import asyncpg

    from command_api.store.pool import Connection, Pool

MAX_COUNTS = 50_000
MAX_LOTS = 64

Night = tuple[str, str]
"""(date, slot id)."""

_TALLY = ("taken", "holds", "pending", "confirmed", "blocks", "barred")


class Tallies(NamedTuple):
    """Claims of sections, counted, at a version; a section without claims has no tally."""

    version: int
    sections: dict[str, Tally]


class Count(NamedTuple):
    """Places taken of a channel as it was at these versions and stamps; good until a claim of it ends
    by the clock."""

    venue: tuple[int, int]
    channel: tuple[int, int]
    until: int | None
    taken: int


class Occupancy:
    """`pool` is of the writer's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._counts: Recent[tuple[str, str, int | None], Count] = Recent(MAX_COUNTS)
        self._lots: Recent[tuple[str, str, str, int | None], tuple[Venue, Lots]] = Recent(MAX_LOTS)

    def lots(self, venue: Venue, slot_id: str, party: int | None) -> Lots:
        """What is for sale in a slot; slots that all sections take part in share theirs."""
        members = venue.members.get(slot_id)
        place = (venue.club, venue.venue, "" if members is None else slot_id, party)
        known = self._lots.get(place)
        if known is not None and known[0] is venue:
            return known[1]
        lots = lots_of(venue, members, party)
        self._lots.put(place, (venue, lots))
        return lots

    async def tallies(
        self, venue: Venue, key: ChannelKey, sections: Sequence[str] | None
    ) -> Tallies:
        """Of those sections, or (None) of all; costs what it names. At one moment."""
        async with (
            tenant(self._pool, [key.club]) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(
                query("section_tallies"), key.club, channel_head(key), sections
            )
            if row is None:
                return Tallies(0, {})
            claimed = row["sections"] or ()
            crowded = await elsewhere(
                connection, venue, [key], (id_ for id_ in claimed if id_ in venue.units), None
            )
        columns = {name: row[name] or () for name in _TALLY}
        tallies = {
            section: Tally(**{name: column[place] for name, column in columns.items()})
            for place, section in enumerate(claimed)
        }
        for there in crowded:
            tallies[there.section].elsewhere = there.units
        return Tallies(row["version"], tallies)

    async def places_taken(
        self, venue: Venue, first: str, last: str, party: int | None, now_ms: int
    ) -> dict[Night, int]:
        """Places that are taken, by night; nights where nothing ever happened are left out. Two
        queries, and the second only about channels that changed since they were counted."""
        async with questions(self._pool, venue.club) as connection:
            rows = await _heads(connection, venue, first, last, None)
            counts = {row["head"]: self._known(venue, row, party, now_ms) for row in rows}
            changed = [row for row in rows if counts[row["head"]] is None]
            if changed:
                counts |= await self._count(connection, venue, changed, party, now_ms)
        return {_night(row): count.taken for row in rows if (count := counts[row["head"]])}

    async def seats_taken(
        self, venue: Venue, first: str, last: str, slot_id: str | None, now_ms: int
    ) -> list[SeatsTaken]:
        """Seats booked, held and blocked; nights and categories without any are left out."""
        async with questions(self._pool, venue.club) as connection:
            rows = await _heads(connection, venue, first, last, slot_id)
            sets = _Sets(self, venue, rows, None)
            categories = [category_of(venue, venue.units[id_]) for id_ in sets.sections]
            names = sorted(set(categories))
            number = {name: place for place, name in enumerate(names)}
            never_met = apart(venue, await sets.elsewhere(connection, now_ms))
            taken = await connection.fetch(
                query("seats_taken"),
                venue.club,
                *sets.heads,
                now_ms,
                *(sets.of_section, sets.sections, sets.units),
                [number[name] for name in categories],
                *(never_met.heads, never_met.sections, never_met.booked, never_met.held),
            )
        nights = {row["head"]: _night(row) for row in rows}
        return [
            SeatsTaken(*nights[head], names[category], booked, held, blocked)
            for head, category, booked, held, blocked in taken
        ]

    async def takings(
        self, venue: Venue, first: str, last: str, slot_id: str | None
    ) -> list[Taking]:
        """What bookings take in; see `index_booking` in the migrations for which."""
        async with questions(self._pool, venue.club) as connection:
            rows = await connection.fetch(
                query("takings"), venue.club, venue.venue, _day(first), _day(last), slot_id
            )
        return [Taking(date.isoformat(), *rest) for date, *rest in rows]

    def _known(
        self, venue: Venue, row: asyncpg.Record, party: int | None, now_ms: int
    ) -> Count | None:
        """What was counted before, where it still holds."""
        count = self._counts.get((venue.club, row["head"], party))
        if (
            count is None
            or count.venue != (venue.revision, venue.stamp)
            or count.channel != (row["version"], row["stamp"])
            or (count.until is not None and count.until <= now_ms)
        ):
            return None
        return count

    async def _count(
        self,
        connection: Connection,
        venue: Venue,
        rows: list[asyncpg.Record],
        party: int | None,
        now_ms: int,
    ) -> dict[str, Count]:
        """Read after the versions were, so at least as new: a count that is newer than its version
        is only counted again."""
        sets = _Sets(self, venue, rows, party)
        never_met = apart(venue, await sets.elsewhere(connection, now_ms))
        taken = await connection.fetch(
            query("places_taken"),
            venue.club,
            *sets.heads,
            now_ms,
            *(sets.of_section, sets.sections, sets.units, sets.lot_of_section),
            *sets.lots,
            *never_met[:3],
        )
        found = {head: (until, places) for head, until, places in taken}
        counts = {}
        for row in rows:
            counts[row["head"]] = count = Count(
                (venue.revision, venue.stamp),
                (row["version"], row["stamp"]),
                *found.get(row["head"], (None, 0)),
            )
            self._counts.put((venue.club, row["head"], party), count)
        return counts


class _Sets:
    """Which sections the channels of some rows sell, as columns: sets that are the same are one."""

    def __init__(
        self, occupancy: Occupancy, venue: Venue, rows: Iterable[asyncpg.Record], party: int | None
    ) -> None:
        self._venue = venue
        self._keys: list[ChannelKey] = []
        self.of_section: list[int] = []
        self.sections: list[str] = []
        self.units: list[int] = []
        self.lot_of_section: list[int] = []
        self.heads: tuple[list[str], list[int]] = ([], [])
        self.lots: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
        """By column: set, number, units, need."""
        numbers: dict[int, int] = {}
        by_slot: dict[str, Lots] = {}
        for row in rows:
            slot = row["slot"]
            self._keys.append(ChannelKey(venue.club, venue.venue, row["date"].isoformat(), slot))
            if slot not in by_slot:
                by_slot[slot] = occupancy.lots(venue, slot, party)
            lots = by_slot[slot]
            if id(lots) not in numbers:
                numbers[id(lots)] = len(numbers)
                self._add(numbers[id(lots)], lots)
            self.heads[0].append(row["head"])
            self.heads[1].append(numbers[id(lots)])

    async def elsewhere(self, connection: Connection, now_ms: int) -> list[Elsewhere]:
        sections = dict.fromkeys(self.sections)
        return await elsewhere(connection, self._venue, self._keys, sections, now_ms)

    def _add(self, number: int, lots: Lots) -> None:
        self.of_section += [number] * len(lots.sections)
        self.sections += lots.sections
        self.units += lots.totals
        self.lot_of_section += lots.numbers
        for place, lot in enumerate(lots.lots):
            for column, value in zip(self.lots, (number, place, lot.total, lot.need), strict=True):
                column.append(value)


async def _heads(
    connection: Connection, venue: Venue, first: str, last: str, slot_id: str | None
) -> list[asyncpg.Record]:
    """Channels of slots that the venue has."""
    rows = await connection.fetch(
        query("heads_of_dates"), venue.club, venue.venue, _day(first), _day(last), slot_id
    )
    return [row for row in rows if row["slot"] in venue.slots]


def _night(row: asyncpg.Record) -> Night:
    return row["date"].isoformat(), row["slot"]


def _day(date: str) -> dt.date:
    return dt.date.fromisoformat(date)
