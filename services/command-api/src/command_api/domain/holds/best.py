"""Best available: the server chooses. In layout order, so the one who draws a layout says what is best.

What is due to expire counts as free: the hold expires it. One look at all claims of the channel, and one
at the sections that may be chosen: the cost grows with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from command_api.domain.decision import Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.asked import Asked, invalid
from command_api.domain.holds.shelf import Shelf, shelf_of
from command_api.domain.holds.vacancy import Vacancy, vacancy_in
from command_api.domain.model import Day, Unit, Venue
from command_api.domain.venue.people import People, seat_them
from command_api.domain.venue.rows import Run, take_without_orphans
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionKind

Chosen = list[tuple[Unit, int]]
"""With the quantity of each; empty where there is nothing."""


def choose(
    draft: Draft,
    day: Day,
    wanted: BestAvailable,
    party_size: int | None = None,
    *,
    without: Collection[str] = (),
) -> Asked | Rejection:
    """What `pick` chooses of what is free in the draft, `without` these sections."""
    category = wanted.category_id
    if category is not None and category not in draft.venue.categories:
        return invalid("bestAvailable.categoryId", f"there is no category {category}")
    vacancy = vacancy_in(draft)
    if without:
        vacancy = vacancy.without(without)
    chosen = pick(draft.venue, day, wanted, party_size, vacancy)
    return asked_of(chosen) if chosen else _none(draft, day, wanted, party_size)


def asked_of(chosen: Chosen) -> Asked:
    """As if it had been asked for by name."""
    claims: dict[str, int] = {}
    for unit, quantity in chosen:
        claims.update(dict.fromkeys(unit.seats or (unit.section.section_id,), quantity))
    return Asked(chosen, claims)


def pick(
    venue: Venue, day: Day, wanted: BestAvailable, party_size: int | None, vacancy: Vacancy
) -> Chosen:
    """`quantity` seats, sections or tables without seats; tables with seats as a whole where the shelf has
    them so, and quantity counts tables then, not seats.

    Adjacent ones have consecutive seat numbers in one row of one table. Where the policy minds orphans,
    no single seat is left free beside what is chosen, adjacent or not. A party must fit: one thing is the
    one with the least room to spare, several are the first in layout order, or else those with the least
    room to spare that fit.

    A pool is chosen, for all of the quantity, where the wish is for kind `pool`, or for a category of which
    nothing else is left.
    """
    if wanted.kind is SectionKind.POOL:
        return _pool(venue, day, wanted, vacancy)
    shelf = shelf_of(venue, day, wanted, party_size)
    if wanted.adjacent:
        chosen = _side_by_side(venue, shelf, wanted.quantity, party_size, vacancy)
    elif party_size is not None and wanted.quantity == 1:
        chosen = _closest(shelf, party_size, vacancy)
    else:
        chosen = _several(venue, shelf, wanted.quantity, party_size, vacancy)
    if chosen:
        return [(unit, 1) for unit in chosen]
    may_pool = wanted.kind is None and wanted.category_id is not None and not wanted.adjacent
    return _pool(venue, day, wanted, vacancy) if may_pool else []


def _closest(shelf: Shelf, party_size: int, vacancy: Vacancy) -> list[Unit]:
    found = min(
        (
            (people.spare(party_size), index)
            for index, people in enumerate(shelf.people)
            if people.fits(party_size) and vacancy.free(shelf.units[index])
        ),
        default=None,
    )
    return [] if found is None else [shelf.units[found[1]]]


def _several(
    venue: Venue, shelf: Shelf, quantity: int, party_size: int | None, vacancy: Vacancy
) -> list[Unit]:
    first: list[Unit]
    if not venue.policy.orphan_seats:
        first = _without_orphans(shelf, quantity, vacancy)
    else:
        first = list(islice(_free(shelf, vacancy), quantity))
    if len(first) < quantity:
        return []
    if party_size is None or People.together(venue, first).fits(party_size):
        return first
    small = {
        unit.section.section_id
        for unit, people in zip(shelf.units, shelf.people, strict=True)
        if people.least <= party_size
    }
    fitting = [unit for unit in _free(shelf, vacancy) if unit.section.section_id in small]
    return seat_them(venue, fitting, quantity, party_size)


def _free(shelf: Shelf, vacancy: Vacancy) -> Iterable[Unit]:
    return (unit for unit in shelf.units if vacancy.free(unit))


def _without_orphans(shelf: Shelf, quantity: int, vacancy: Vacancy) -> list[Unit]:
    """Sections without a number leave nothing alone: as many as are wanted stand for all of them."""
    place = shelf.place
    runs = [run for row in shelf.rows for run in row.runs(vacancy.taken, place)]
    alone = (unit for unit in _free(shelf, vacancy) if unit.section.seat_number is None)
    runs.extend(Run([unit]) for unit in islice(alone, quantity))
    runs.sort(key=lambda run: min(place[unit.section.section_id] for unit in run.seats))
    return take_without_orphans(runs, quantity)


def _side_by_side(
    venue: Venue, shelf: Shelf, quantity: int, party_size: int | None, vacancy: Vacancy
) -> list[Unit]:
    """The fit that begins first in layout order."""
    best: tuple[int, list[Unit]] | None = None
    for row in shelf.rows:
        if best is not None and row.first > best[0]:
            break
        for run in row.runs(vacancy.taken, shelf.place):
            for start in run.starts(quantity, orphans=venue.policy.orphan_seats):
                seats = list(run.seats[start : start + quantity])
                if party_size is not None and not People.together(venue, seats).fits(party_size):
                    continue
                first = min(shelf.place[unit.section.section_id] for unit in seats)
                if best is None or first < best[0]:
                    best = (first, seats)
                break
    return [] if best is None else best[1]


def _pool(venue: Venue, day: Day, wanted: BestAvailable, vacancy: Vacancy) -> Chosen:
    for unit in _pools(venue, day, wanted):
        if vacancy.free(unit, wanted.quantity):
            return [(unit, wanted.quantity)]
    return []


def _pools(venue: Venue, day: Day, wanted: BestAvailable) -> list[Unit]:
    category = wanted.category_id
    pools = BestAvailable(quantity=1, category_id=category, kind=SectionKind.POOL)
    return shelf_of(venue, day, pools, None).units


def _none(draft: Draft, day: Day, wanted: BestAvailable, party_size: int | None) -> Rejection:
    """Stands until the first claim on the channel ends: any may be the one that is missing."""
    shelf = shelf_of(draft.venue, day, wanted, party_size)
    if party_size is not None and shelf.people:
        most = People.most_of(shelf.people, wanted.quantity)
        least = min(people.least for people in shelf.people)
        if party_size < least or (most is not None and party_size > most):
            return Rejection(
                code=Code.CAPACITY_MISMATCH,
                detail=f"A party of {party_size} does not fit into {wanted.quantity} of the sections.",
                facts={"requested": party_size, "min": least, "max": most},
            )
    now = draft.now
    ends = (
        claim.expires_at
        for claims in draft.state.claims.values()
        for claim in claims.values()
        if claim.expires_at is not None and claim.expires_at > now
    )
    together = " side by side" if wanted.adjacent else ""
    return Rejection(
        code=Code.SECTION_NOT_AVAILABLE,
        detail=f"There are no {wanted.quantity} sections{together} left.",
        facts={
            "conflictingSections": [],
            "heldUntil": None,
            "version": draft.state.version,
            "alternatives": [],
        },
        valid_until=min(ends, default=None),
    )
