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
from typing import NamedTuple, TypeAlias

from msgspec import Struct, field

from command_api.domain.model import Unit, Venue
from holdfast.contracts.states import SectionKind

Fit: TypeAlias = list[tuple[Unit, int]]
"""Units with quantities."""


class Shape(NamedTuple):
    """What makes sections alike to a party. `high` None: any number."""

    low: int
    high: int | None
    category: str | None

    def takes(self, size: int, categories: frozenset[str]) -> bool:
        return (
            self.low <= size
            and (self.high is None or size <= self.high)
            and (not categories or self.category in categories)
        )


class Plan(Struct):
    """Sections in layout order, by how they take parties: `rooms` one party each (or each unit), `chairs`
    one person to a unit (`high` of their shape), `rows` of loose seats in order of
    their numbers."""

    rooms: dict[Shape, list[Unit]] = field(default_factory=dict)
    chairs: list[tuple[Unit, Shape]] = field(default_factory=list)
    rows: dict[str | None, list[tuple[Unit, Shape]]] = field(default_factory=dict)


def plan_of(venue: Venue, slot_id: str, section_ids: Iterable[str] | None = None) -> Plan:
    """Of a slot: of these sections with what they are part of (tables, rows), or of all."""
    if section_ids is None:
        known = venue.plans.get(slot_id)
        if known is None:
            known = venue.plans[slot_id] = _plan(venue, slot_id, venue.units.values())
        return known
    return _plan(venue, slot_id, _with_wholes(venue, section_ids))


def _with_wholes(venue: Venue, section_ids: Iterable[str]) -> Iterable[Unit]:
    found: dict[str, Unit] = {}
    rows: set[str | None] = set()
    for section_id in section_ids:
        unit = venue.units.get(section_id)
        if unit is None:
            continue
        section = unit.section
        found[section_id] = unit
        if section.parent_id is not None:
            found[section.parent_id] = venue.units[section.parent_id]
        elif _is_numbered(unit):
            rows.add(section.row_label)
    if rows:
        found |= {
            id_: unit
            for id_, unit in venue.units.items()
            if unit.section.row_label in rows and _is_numbered(unit)
        }
    return found.values()


def _is_numbered(unit: Unit) -> bool:
    """A seat in a row, at no table."""
    section = unit.section
    return (
        section.kind is SectionKind.SEAT
        and section.parent_id is None
        and section.seat_number is not None
    )


def _plan(venue: Venue, slot_id: str, units: Iterable[Unit]) -> Plan:
    plan, members = Plan(), venue.members.get(slot_id)
    for unit in units:
        section = unit.section
        if members is not None and section.section_id not in members:
            continue
        if len(unit.seats) > venue.policy.max_sections_per_hold:
            continue
        shape = _shape(venue, unit)
        if not unit.seats and _is_chairs(unit):
            plan.chairs.append((unit, shape))
            continue
        plan.rooms.setdefault(shape, []).append(unit)
        if _is_numbered(unit):
            plan.rows.setdefault(section.row_label, []).append((unit, shape))
    for row in plan.rows.values():
        row.sort(key=lambda seat: _number(seat[0]))
    return plan


def _is_chairs(unit: Unit) -> bool:
    section = unit.section
    return section.kind is SectionKind.POOL or (unit.total > 1 and section.party_max is None)


def _shape(venue: Venue, unit: Unit) -> Shape:
    section = unit.section
    low, high, category = section.party_min or 1, section.party_max, section.category_id
    if unit.seats:
        seats = [_shape(venue, venue.units[seat]) for seat in unit.seats]
        if section.party_min is None and high is None:
            low = min(seat.low for seat in seats)
        if high is None:
            high = sum(seat.high or 1 for seat in seats)
        return Shape(low, high, category or seats[0].category)
    if high is None and (section.kind is SectionKind.SEAT or _is_chairs(unit)):
        high = 1
    if category is None and section.parent_id is not None:
        category = venue.units[section.parent_id].section.category_id
    return Shape(low, high, category)


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
            yield from self._free_runs(
                unit for unit, shape in row if not categories or shape.category in categories
            )

    def _free_runs(self, row: Iterable[Unit]) -> Iterator[list[Unit]]:
        """Longest stretches of free seats with consecutive numbers; `row` is in their order."""
        run: list[Unit] = []
        for unit in row:
            if self._left(unit) < 1:
                continue
            if run and _number(unit) != _number(run[-1]) + 1:
                yield run
                run = []
            run.append(unit)
        if run:
            yield run


def _number(seat: Unit) -> int:
    number = seat.section.seat_number
    assert number is not None
    return number


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


def bounds_of(plan: Plan, categories: frozenset[str]) -> tuple[int, int | None]:
    """The smallest and the largest party (None: any) that ever fits."""
    shapes = [
        *plan.rooms,
        *(Shape(s.low, (s.high or 1) * unit.total, s.category) for unit, s in plan.chairs),
    ]
    shapes = [s for s in shapes if not categories or s.category in categories]
    least = min((shape.low for shape in shapes), default=1)
    if any(shape.high is None for shape in shapes):
        return least, None
    longest = 0
    for row in plan.rows.values():
        seats = sum(not categories or shape.category in categories for _unit, shape in row)
        longest = max(longest, seats)
    return least, max([longest, *(shape.high or 0 for shape in shapes)])
