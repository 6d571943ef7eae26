"""Units that lie in a channel because of several others, whose slots overlap its own but need not overlap
one another: adding them up would count people who are not there at the same time (see `domain.crowd`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.overlaps import overlapping
from command_api.domain.model import Venue
from command_api.store.heads import channel_head
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey

if TYPE_CHECKING:
    from command_api.store.pool import Connection


class Elsewhere(NamedTuple):
    """Units of one section by the name of the channel that they are there because of."""

    key: ChannelKey
    head: str
    section: str
    booked: dict[str, int]
    held: dict[str, int]

    @property
    def units(self) -> dict[str, int]:
        homes = [*self.booked, *self.held]
        return {home: self.booked.get(home, 0) + self.held.get(home, 0) for home in homes}


class Apart(NamedTuple):
    """By column, for each section with any: units that never meet the others, so that the rest of the
    sum is what is there at the fullest moment. `units` of all, not the sum of the two others."""

    heads: list[str]
    sections: list[str]
    units: list[int]
    booked: list[int]
    held: list[int]


async def elsewhere(
    connection: Connection,
    venue: Venue,
    keys: Iterable[ChannelKey],
    sections: Iterable[str],
    now_ms: int | None,
) -> list[Elsewhere]:
    """Asks only about sections with room for many, in channels with several neighbours."""
    pools = [id_ for id_ in sections if venue.units[id_].total > 1]
    if not pools:
        return []
    crowded = {channel_head(key): key for key in keys if len(overlapping(venue, key)) > 1}
    if not crowded:
        return []
    found: dict[tuple[str, str], Elsewhere] = {}
    rows = await connection.fetch(query("crowded"), venue.club, list(crowded), pools, now_ms)
    for head, section, home, booked, held in rows:
        there = found.setdefault((head, section), Elsewhere(crowded[head], head, section, {}, {}))
        for units, count in ((there.booked, booked), (there.held, held)):
            if count:
                units[home] = count
    return list(found.values())


def apart(venue: Venue, found: Iterable[Elsewhere]) -> Apart:
    columns = Apart([], [], [], [], [])
    crowds: dict[ChannelKey, Crowd] = {}
    for there in found:
        crowd = crowds.setdefault(there.key, Crowd(venue, there.key))
        columns.heads.append(there.head)
        columns.sections.append(there.section)
        for column, units in (
            (columns.units, there.units),
            (columns.booked, there.booked),
            (columns.held, there.held),
        ):
            column.append(sum(units.values()) - crowd.peak(units))
    return columns
