"""Shapes: how the sections of a slot take parties, whatever is free of them; see `fitting` for the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from command_api.domain.model import Unit, Venue
from holdfast.contracts.states import SectionKind


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
        row.sort(key=lambda seat: number_of(seat[0]))
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


def of_categories(row: Iterable[tuple[Unit, Shape]], categories: frozenset[str]) -> Iterator[Unit]:
    return (seat for seat, shape in row if not categories or shape.category in categories)


def runs_of(seats: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Longest stretches with consecutive numbers."""
    run: list[Unit] = []
    last = None
    for seat in seats:
        number = number_of(seat)
        if run and number - 1 != last:
            yield run
            run = []
        run.append(seat)
        last = number
    if run:
        yield run


def number_of(seat: Unit) -> int:
    number = seat.section.seat_number
    assert number is not None
    return number


def takes_party(venue: Venue, plan: Plan, size: int, categories: frozenset[str]) -> bool:
    """Whether the party would fit something if all were free."""
    if any(shape.takes(size, categories) for shape in plan.rooms):
        return True
    for unit, shape in plan.chairs:
        if _seats_of(unit, shape).takes(size, categories):
            return True
    return 1 < size <= venue.policy.max_sections_per_hold and any(
        len(run) >= size
        for row in plan.rows.values()
        for run in runs_of(of_categories(row, categories))
    )


def _seats_of(unit: Unit, shape: Shape) -> Shape:
    """All the chairs together."""
    return shape._replace(high=(shape.high or 1) * unit.total)


def bounds_of(venue: Venue, plan: Plan, categories: frozenset[str]) -> tuple[int, int | None]:
    """The smallest and the largest party (None: any) that ever fits."""
    shapes = [*plan.rooms, *(_seats_of(unit, shape) for unit, shape in plan.chairs)]
    shapes = [shape for shape in shapes if not categories or shape.category in categories]
    least = min((shape.low for shape in shapes), default=1)
    if any(shape.high is None for shape in shapes):
        return least, None
    longest = max(
        (len(run) for row in plan.rows.values() for run in runs_of(of_categories(row, categories))),
        default=0,
    )
    longest = min(longest, venue.policy.max_sections_per_hold)
    return least, max([longest, *(shape.high or 0 for shape in shapes)])
