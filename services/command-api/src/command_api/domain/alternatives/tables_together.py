"""Tables together: free tables that stand next to each other, and are enough for a party only as several.

Next to each other are two whose rectangles on the canvas are no further apart than the longer side of the
larger one. Where nothing says where tables stand, none is beside another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from command_api.domain.model import Unit, Venue
from command_api.domain.venue.floor_plan import Box, FloorPlan, box_of
from command_api.domain.venue.people import People, people_in
from holdfast.contracts.states import SectionKind

MOST_TABLES = 4
MOST_NEIGHBOURS = 8
_TABLES = frozenset({SectionKind.TABLE, SectionKind.SECTION})


class Group(NamedTuple):
    """`gap`: the widest between a table and the rest."""

    tables: list[Unit]
    gap: float


def groups(
    venue: Venue, seeds: Iterable[Unit], party_size: int, free: Callable[[Unit], bool]
) -> list[Group]:
    """Around each of the seeds the nearest neighbours until they are enough, each set once. Tables that are
    enough alone are in none."""
    found: dict[frozenset[str], Group] = {}
    for seed in seeds:
        group = _around(venue, seed, party_size, free)
        if group is not None:
            found.setdefault(frozenset(t.section.section_id for t in group.tables), group)
    return list(found.values())


def _around(
    venue: Venue, seed: Unit, party_size: int, free: Callable[[Unit], bool]
) -> Group | None:
    if not _may_join(venue, seed, party_size) or not free(seed):
        return None
    tables, widest = [seed], 0.0
    near = {unit.section.section_id: (gap, unit) for gap, unit in neighbours(venue, seed)}
    while len(tables) < MOST_TABLES:
        usable = [
            (gap, unit.section.section_id, unit)
            for gap, unit in near.values()
            if unit not in tables and _may_join(venue, unit, party_size) and free(unit)
        ]
        if not usable:
            return None
        gap, _id, table = min(usable, key=lambda one: one[:2])
        tables.append(table)
        widest = max(widest, gap)
        if People.together(venue, tables).fits(party_size):
            return Group(tables, widest)
        for further, unit in neighbours(venue, table):
            near.setdefault(unit.section.section_id, (further, unit))
    return None


def _may_join(venue: Venue, unit: Unit, party_size: int) -> bool:
    people = people_in(venue, unit)
    return (
        unit.section.kind in _TABLES
        and people.most is not None
        and people.most < party_size
        and people.least <= party_size
    )


def neighbours(venue: Venue, unit: Unit) -> list[tuple[float, Unit]]:
    """The nearest tables beside it, with the gap between; worked out once for each."""
    known: dict[str, list[tuple[float, Unit]]] = venue.shelves.setdefault("neighbours", {})
    section_id = unit.section.section_id
    if section_id not in known:
        known[section_id] = _neighbours(venue, unit)
    return known[section_id]


def _neighbours(venue: Venue, unit: Unit) -> list[tuple[float, Unit]]:
    box = box_of(unit.section)
    side = max(box.right - box.left, box.bottom - box.top)
    if side <= 0:
        return []
    plan = venue.shelves.get("plan")
    if plan is None:
        plan = venue.shelves["plan"] = (FloorPlan(venue), list(venue.units.values()))
    around = Box(box.left - side, box.top - side, box.right + side, box.bottom + side)
    found = []
    for number in plan[0].near(around):
        other: Unit = plan[1][number]
        if other.section.kind not in _TABLES or other is unit:
            continue
        there = box_of(other.section)
        longer = max(side, there.right - there.left, there.bottom - there.top)
        gap = gap_between(box, there)
        if gap <= longer:
            found.append((gap, other))
    found.sort(key=lambda one: one[0])
    return found[:MOST_NEIGHBOURS]


def gap_between(one: Box, other: Box) -> float:
    """The shortest way between two rectangles; 0 where they touch."""
    across = max(0.0, other.left - one.right, one.left - other.right)
    down = max(0.0, other.top - one.bottom, one.top - other.bottom)
    return math.hypot(across, down)
