"""Instead: what else a slot has for somebody whose wish it cannot meet. Costs what it offers, not what the
venue has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from command_api.domain.alternatives.near import distance, near_of
from command_api.domain.alternatives.tables_together import groups
from command_api.domain.alternatives.wishes import Wish
from command_api.domain.holds.best import pick
from command_api.domain.holds.shelf import Shelf, shelf_of
from command_api.domain.holds.vacancy import Vacancy
from command_api.domain.model import Day, Unit, Venue
from command_api.domain.venue.people import people_in
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.queries import AlternativeKind
from holdfast.contracts.states import SectionKind

Chosen = list[tuple[Unit, int]]

SAME_CATEGORY, OTHER_CATEGORIES, BY_SIZE, SEEDS = 24, 16, 12, 16
"""How many are looked at."""
MOST_STRETCHES, MOST_GROUPS = 3, 4
_OTHER, _CATEGORY, _FAR, _LARGER, _PLACE, _TOGETHER, _ONE_MORE = (
    *(0.05, 0.2, 0.15, 0.05, 0.02),
    *(0.2, 0.05),
)
_TABLES = frozenset({SectionKind.TABLE, SectionKind.SECTION})
_ANYTHING = BestAvailable(quantity=1)


class Instead(NamedTuple):
    """`against`: what speaks against it, from 0."""

    kind: AlternativeKind
    chosen: Chosen
    against: float


def instead_of(
    venue: Venue, day: Day, wish: Wish, asked: Chosen, vacancy: Vacancy
) -> list[Instead]:
    """`asked` is what was named, or what would have been chosen if everything were free; empty where
    nothing ever fits."""
    found: list[Instead] = []
    if len(asked) == 1:
        found.extend(_one(venue, day, wish, asked[0], vacancy))
    elif asked and wish.section_ids:
        found.extend(_several(venue, day, asked, vacancy))
    elif asked:
        found.extend(_wider(venue, day, wish, vacancy))
    if len(asked) <= 1 and wish.quantity == 1:
        found.extend(_together(venue, day, wish, asked, vacancy))
    limit = venue.policy.max_sections_per_hold
    return [one for one in found if units_in(one.chosen) <= limit]


def units_in(chosen: Chosen) -> int:
    """Sections, as a hold counts them: seats in place of their table."""
    return sum(len(unit.seats) or 1 for unit, _quantity in chosen)


def _shelf(venue: Venue, day: Day, unit: Unit) -> Shelf:
    """Where the likes of the section stand: pools, seats, or tables and sections as a whole."""
    kind = unit.section.kind
    if kind in (SectionKind.POOL, SectionKind.SEAT):
        return shelf_of(venue, day, BestAvailable(quantity=1, kind=kind), None)
    return shelf_of(venue, day, _ANYTHING, 2)


def _one(
    venue: Venue, day: Day, wish: Wish, asked: tuple[Unit, int], vacancy: Vacancy
) -> Iterator[Instead]:
    unit, quantity = asked
    size, seen = people_in(venue, unit).most, set(wish.section_ids)
    for other in _likes(venue, day, wish, unit, vacancy):
        section = other.section
        if section.section_id in seen or not vacancy.free(other, quantity):
            continue
        seen.add(section.section_id)
        people = people_in(venue, other)
        if wish.party_size is not None:
            if not people.fits(wish.party_size):
                continue
        elif size is not None and people.most is not None and people.most < size:
            continue
        against = _OTHER + _apart(venue, unit, other)
        kind = AlternativeKind.OTHER_SECTION
        if section.kind in _TABLES and size is not None:
            more = (size if people.most is None else people.most) - size
            if more > 0:
                kind = AlternativeKind.LARGER_TABLE
                against += _LARGER + min(0.2, _PLACE * more)
        yield Instead(kind, [(other, quantity)], against)


def _likes(venue: Venue, day: Day, wish: Wish, unit: Unit, vacancy: Vacancy) -> Iterator[Unit]:
    near = near_of(_shelf(venue, day, unit), vacancy)
    yield from near.around(unit, unit.section.category_id, SAME_CATEGORY)
    yield from near.around_all(unit, OTHER_CATEGORIES)
    if unit.section.kind in _TABLES:
        size = wish.party_size or people_in(venue, unit).most
        if size is not None:
            yield from near.for_party(size, BY_SIZE)


def _apart(venue: Venue, unit: Unit, other: Unit) -> float:
    same = unit.section.category_id == other.section.category_id
    return (0.0 if same else _CATEGORY) + _FAR * distance(venue, unit, other)


def _several(venue: Venue, day: Day, asked: Chosen, vacancy: Vacancy) -> Iterator[Instead]:
    """What is still free of it, with the nearest for the rest; seats also as many side by side."""
    gone = [(unit, quantity) for unit, quantity in asked if not vacancy.free(unit, quantity)]
    if not gone:
        return
    used = {unit.section.section_id for unit, _quantity in asked}
    chosen, against = list(asked), _OTHER
    for unit, quantity in gone:
        other = _substitute(venue, day, unit, quantity, vacancy, used)
        if other is None:
            break
        used.add(other.section.section_id)
        chosen[chosen.index((unit, quantity))] = (other, quantity)
        against += _apart(venue, unit, other) / len(gone)
    else:
        yield Instead(AlternativeKind.OTHER_SECTION, chosen, against + _ONE_MORE)
    if all(unit.section.kind is SectionKind.SEAT for unit, _quantity in asked):
        yield from _stretches(venue, day, [unit for unit, _quantity in asked], vacancy)


def _substitute(
    venue: Venue, day: Day, unit: Unit, quantity: int, vacancy: Vacancy, used: set[str]
) -> Unit | None:
    near = near_of(_shelf(venue, day, unit), vacancy)
    size = people_in(venue, unit).most
    for others in (
        near.around(unit, unit.section.category_id, SAME_CATEGORY),
        near.around_all(unit, OTHER_CATEGORIES),
    ):
        for other in others:
            most = people_in(venue, other).most
            enough = size is None or most is None or most >= size
            if other.section.section_id not in used and enough and vacancy.free(other, quantity):
                return other
    return None


def _stretches(venue: Venue, day: Day, seats: list[Unit], vacancy: Vacancy) -> Iterable[Instead]:
    near, found = near_of(_shelf(venue, day, seats[0]), vacancy), list[Instead]()
    for run in near.runs:
        start = next(iter(run.starts(len(seats), orphans=venue.policy.orphan_seats)), None)
        if start is None:
            continue
        others = run.seats[start : start + len(seats)]
        against = _OTHER + _apart(venue, seats[0], others[0])
        found.append(Instead(AlternativeKind.OTHER_SECTION, [(o, 1) for o in others], against))
    found.sort(key=lambda one: one.against)
    return found[:MOST_STRETCHES]


def _wider(venue: Venue, day: Day, wish: Wish, vacancy: Vacancy) -> Iterator[Instead]:
    """The wish itself, then of any category, then not side by side."""
    best, party_size = wish.best, wish.party_size
    anywhere = BestAvailable(quantity=best.quantity, adjacent=best.adjacent, kind=best.kind)
    scattered = BestAvailable(quantity=best.quantity, category_id=best.category_id, kind=best.kind)
    wishes = [(best, 0.0), (anywhere, _CATEGORY), (scattered, 2 * _CATEGORY)]
    seen: set[tuple[str, ...]] = set()
    for wanted, against in wishes:
        chosen = pick(venue, day, wanted, party_size, vacancy)
        ids = tuple(unit.section.section_id for unit, _quantity in chosen)
        if chosen and ids not in seen:
            seen.add(ids)
            yield Instead(AlternativeKind.OTHER_SECTION, chosen, _OTHER + against)


def _together(venue: Venue, day: Day, wish: Wish, asked: Chosen, vacancy: Vacancy) -> list[Instead]:
    unit = asked[0][0] if asked else None
    if unit is not None and (unit.section.kind not in _TABLES or asked[0][1] != 1):
        return []
    party_size = wish.party_size
    if party_size is None and unit is not None:
        party_size = people_in(venue, unit).most
    if party_size is None or wish.kind in (SectionKind.SEAT, SectionKind.POOL):
        return []
    near = near_of(shelf_of(venue, day, _ANYTHING, 2), vacancy)
    seeds = near.largest(SEEDS) if unit is None else list(near.around_all(unit, SEEDS))
    members = day.sections
    found = []
    for tables, gap in groups(
        venue,
        seeds,
        party_size,
        lambda table: (
            (members is None or table.section.section_id in members) and vacancy.free(table)
        ),
    ):
        far = 0.0 if unit is None else _apart(venue, unit, tables[0])
        against = _TOGETHER + _ONE_MORE * (len(tables) - 2) + far
        kind, chosen = AlternativeKind.SEVERAL_TABLES, [(table, 1) for table in tables]
        found.append((against, gap, Instead(kind, chosen, against)))
    found.sort(key=lambda one: one[:2])
    return [one for _against, _gap, one in found[:MOST_GROUPS]]
