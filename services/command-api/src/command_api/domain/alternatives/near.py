"""Near: the free sections of a shelf that are nearest to one, and how far apart two are. What is free is
listed once for a vacancy, so that each question after costs what it finds, not what the venue has."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from command_api.domain.holds.shelf import Shelf
from command_api.domain.holds.vacancy import Vacancy
from command_api.domain.model import Unit, Venue
from command_api.domain.venue.rows import Run


class Near:
    """The free units of a shelf by their place on it: in layout order near is what was drawn near."""

    __slots__ = ("_by_category", "_by_size", "_free", "_runs", "_shelf", "_vacancy")

    def __init__(self, shelf: Shelf, vacancy: Vacancy) -> None:
        self._shelf = shelf
        self._vacancy = vacancy
        taken, tables = vacancy.taken, shelf.tables
        self._free = [
            index
            for section_id, index in shelf.place.items()
            if section_id not in taken
            and (index not in tables or vacancy.left(shelf.units[index]) > 0)
        ]
        self._by_category: dict[str | None, list[int]] = {}
        for index in self._free:
            category = shelf.units[index].section.category_id
            self._by_category.setdefault(category, []).append(index)
        self._by_size: list[tuple[int, int]] | None = None
        self._runs: list[Run] | None = None

    def around(self, unit: Unit, category: str | None, most: int) -> Iterator[Unit]:
        """Free units of the category, the nearest in layout order first."""
        return self._outward(unit, self._by_category.get(category, []), most)

    def around_all(self, unit: Unit, most: int) -> Iterator[Unit]:
        return self._outward(unit, self._free, most)

    def for_party(self, party_size: int, most: int) -> Iterator[Unit]:
        """Free units that take at least so many people, the smallest first; without a maximum last."""
        if self._by_size is None:
            people = self._shelf.people
            sizes = ((people[i].most, i) for i in self._free)
            self._by_size = sorted((math.inf if m is None else m, i) for m, i in sizes)  # type: ignore[misc]
        begin = bisect_left(self._by_size, (party_size, -1))
        for _size, index in self._by_size[begin : begin + most]:
            yield self._shelf.units[index]

    def largest(self, most: int) -> list[Unit]:
        """Free units, those for the most people first."""
        units = list(self.for_party(0, len(self._free)))
        return units[::-1][:most]

    @property
    def runs(self) -> list[Run]:
        """Free seats side by side."""
        if self._runs is None:
            taken, place = self._vacancy.taken, self._shelf.place
            self._runs = [run for row in self._shelf.rows for run in row.runs(taken, place)]
        return self._runs

    def _outward(self, unit: Unit, indices: Sequence[int], most: int) -> Iterator[Unit]:
        units = self._shelf.units
        middle = self._shelf.place.get(unit.section.section_id, 0)
        after = bisect_left(indices, middle)
        before = after - 1
        for _ in range(min(most, len(indices))):
            further = after < len(indices)
            if before >= 0 and (not further or middle - indices[before] <= indices[after] - middle):
                yield units[indices[before]]
                before -= 1
            else:
                yield units[indices[after]]
                after += 1


def near_of(shelf: Shelf, vacancy: Vacancy) -> Near:
    near: Near | None = vacancy.worked_out.get(shelf)
    if near is None:
        near = vacancy.worked_out[shelf] = Near(shelf, vacancy)
    return near


def distance(venue: Venue, one: Unit, other: Unit) -> float:
    """From 0 (the same place) to 1 (as far apart as the canvas is wide); without a place on the canvas 0
    too."""
    across, down = _extent(venue)
    x1, y1 = middle_of(one)
    x2, y2 = middle_of(other)
    length = math.hypot(across, down)
    return min(1.0, math.hypot(x1 - x2, y1 - y2) / length) if length else 0.0


def middle_of(unit: Unit) -> tuple[float, float]:
    section = unit.section
    return section.x + section.width / 2, section.y + section.height / 2


def _extent(venue: Venue) -> tuple[float, float]:
    extent: tuple[float, float] | None = venue.shelves.get("extent")
    if extent is None:
        middles = [middle_of(unit) for unit in venue.units.values()]
        across = max(x for x, _y in middles) - min(x for x, _y in middles)
        down = max(y for _x, y in middles) - min(y for _x, y in middles)
        extent = venue.shelves["extent"] = (across, down)
    return extent
