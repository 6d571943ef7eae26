"""Fitting: the smallest thing free that takes a party; how the waitlist chooses for those who wait.

In this order, and within each the one with the fewest places to spare:

1. one section, one table (with all of its seats) or one seat whose `partyMin` and `partyMax` let the
   party in. Without a maximum a section takes any number, and comes last; a seat takes one person; a
   table with seats takes as many as its seats do;
2. chairs: units of one pool, or of a section with room for many and no maximum, one for each person (for
   each `partyMax` persons of a pool that has one);
3. seats side by side: consecutive numbers in one row, seats that belong to no table.

A party is never spread over several tables, and a table's seats go to a larger party only together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from command_api.domain.model import Unit, Venue
from command_api.domain.waitlist.shapes import Plan, Shape, of_categories, runs_of

Fit: TypeAlias = list[tuple[Unit, int]]
"""Units with quantities."""


class Fitting:
    """Finds what fits among what is free, for one party after the other. `left` says how many units of a
    section are free; while this is in use it only ever falls."""

    def __init__(self, venue: Venue, plan: Plan, left: Callable[[Unit], int]) -> None:
        self._venue = venue
        self._plan = plan
        self._left = left
        self._begin: dict[Shape, int] = {}
        self._runs: dict[frozenset[str], list[list[Unit]]] = {}

    def find(self, size: int, categories: frozenset[str]) -> Fit | None:
        """None: nothing free takes the party. No categories: any."""
        return (
            self._room(size, categories)
            or self._chairs(size, categories)
            or self._side_by_side(size, categories)
        )

    def _room(self, size: int, categories: frozenset[str]) -> Fit | None:
        shapes = [shape for shape in self._plan.rooms if shape.takes(size, categories)]
        shapes.sort(key=lambda shape: (shape.high is None, shape.high or 0))
        for shape in shapes:
            units = self._plan.rooms[shape]
            begin = self._begin.get(shape, 0)
            while begin < len(units) and not self._is_free(units[begin]):
                begin += 1
            self._begin[shape] = begin
            if begin < len(units):
                return [(units[begin], 1)]
        return None

    def _is_free(self, unit: Unit) -> bool:
        if unit.seats:
            units = self._venue.units
            return all(self._left(units[seat]) > 0 for seat in unit.seats)
        return self._left(unit) > 0

    def _chairs(self, size: int, categories: frozenset[str]) -> Fit | None:
        best: tuple[int, Unit, int] | None = None
        for unit, shape in self._plan.chairs:
            if shape.low > size or (categories and shape.category not in categories):
                continue
            high = shape.high or 1
            need = -(-size // high)
            spare = need * high - size
            if self._left(unit) >= need and (best is None or spare < best[0]):
                best = (spare, unit, need)
        return None if best is None else [(best[1], best[2])]

    def _side_by_side(self, size: int, categories: frozenset[str]) -> Fit | None:
        policy = self._venue.policy
        if size < 2 or size > policy.max_sections_per_hold or not self._plan.rows:
            return None
        while True:
            runs = self._runs.get(categories)
            if runs is None:
                runs = self._runs[categories] = list(self._all_runs(categories))
            place = _place(runs, size, policy.orphan_seats)
            if place is None:
                return None
            number, start = place
            run = runs[number]
            seats = run[start : start + size]
            if all(self._left(seat) > 0 for seat in seats):
                return [(seat, 1) for seat in seats]
            runs[number : number + 1] = self._free_runs(run)  # some are somebody else's by now

    def _all_runs(self, categories: frozenset[str]) -> Iterator[list[Unit]]:
        for row in self._plan.rows.values():
            yield from self._free_runs(of_categories(row, categories))

    def _free_runs(self, row: Iterable[Unit]) -> Iterator[list[Unit]]:
        """Of those seats that are free; `row` is in their order."""
        left = self._left
        return runs_of(seat for seat in row if left(seat) > 0)


def _place(runs: list[list[Unit]], size: int, orphans: bool) -> tuple[int, int] | None:
    """The shortest run that takes `size` seats, and where in it: (number, start); where `orphans` are
    minded, so that no single free seat is left beside them."""
    best: tuple[int, int, int] | None = None
    for number, run in enumerate(runs):
        if len(run) < size or (best is not None and len(run) >= best[0]):
            continue
        for start in range(len(run) - size + 1):
            if orphans or 1 not in (start, len(run) - start - size):
                best = (len(run), number, start)
                break
    return None if best is None else best[1:]
