"""Best available: the server chooses. In layout order, so the one who draws a layout says what is best.

What is due to expire counts as free: the hold expires it. This looks at every section of the venue: its
cost grows with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from command_api.domain.asked import Asked, invalid
from command_api.domain.decision import Rejection
from command_api.domain.draft import Draft
from command_api.domain.model import Day, Unit, Venue
from command_api.domain.people import People, people_in, seat_them
from command_api.domain.rows import Run, runs_of, take_without_orphans
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.states import ClaimKind, SectionKind

Free = Callable[[Unit, int], bool]
"""Whether so many units of a section, or all seats of a table, are free."""
Chosen = list[tuple[Unit, int]]
"""With the quantity of each; empty where there is nothing."""


def choose(
    draft: Draft, day: Day, wanted: BestAvailable, party_size: int | None = None
) -> Asked | Rejection:
    """What `pick` chooses of what is free in the draft."""
    venue, category = draft.venue, wanted.category_id
    if category is not None and category not in venue.categories:
        return invalid("bestAvailable.categoryId", f"there is no category {category}")

    def free(unit: Unit, quantity: int) -> bool:
        return _free(draft, unit, quantity)

    chosen = pick(venue, day, wanted, party_size, free)
    if not chosen:
        return _none(draft, day, wanted, party_size)
    claims: dict[str, int] = {}
    for unit, quantity in chosen:
        claims.update(dict.fromkeys(unit.seats or (unit.section.section_id,), quantity))
    return Asked(chosen, claims)


def pick(
    venue: Venue, day: Day, wanted: BestAvailable, party_size: int | None, free: Free
) -> Chosen:
    """`quantity` seats, sections or tables without seats. Tables with seats are chosen as a whole where
    the wish is for kind `table`, or for fewer things than the party has people; quantity counts tables
    then, not seats.

    Adjacent ones have consecutive seat numbers in one row of one table. Where the policy minds orphans,
    no single seat is left free beside what is chosen, adjacent or not. A party must fit: one thing is the
    one with the least room to spare, several are the first in layout order, or else those with the least
    room to spare that fit.

    A pool is chosen, for all of the quantity, where the wish is for kind `pool`, or for a category of which
    nothing else is left.
    """
    units = candidates(venue, day, wanted, party_size)
    if wanted.kind is SectionKind.POOL:
        return _pool(venue, day, wanted, free)
    if wanted.adjacent:
        chosen = _side_by_side(venue, day, units, wanted, party_size, free)
    elif party_size is not None and wanted.quantity == 1:
        chosen = _closest(venue, units, party_size, free)
    else:
        chosen = _several(venue, day, units, wanted, party_size, free)
    if chosen:
        return [(unit, 1) for unit in chosen]
    may_pool = wanted.kind is None and wanted.category_id is not None and not wanted.adjacent
    return _pool(venue, day, wanted, free) if may_pool else []


def candidates(venue: Venue, day: Day, wanted: BestAvailable, party_size: int | None) -> list[Unit]:
    """What may be chosen, free or not; pools come after all else."""
    kind, category = wanted.kind, wanted.category_id
    whole = kind is SectionKind.TABLE or (
        kind is None and party_size is not None and party_size > wanted.quantity
    )
    return [
        unit
        for unit in _of_slot(venue, day)
        if (
            unit.section.kind is kind
            if kind is not None
            else _may_be_chosen(venue, day, unit, whole)
        )
        and (whole or not unit.seats)
        and (category is None or unit.section.category_id == category)
    ]


def _may_be_chosen(venue: Venue, day: Day, unit: Unit, whole: bool) -> bool:
    """Where tables are taken whole, their seats are not taken one by one."""
    section, table_id = unit.section, unit.section.parent_id
    if section.kind is SectionKind.POOL:
        return False
    if not whole or table_id is None:
        return True
    return table_id not in venue.units or (
        day.sections is not None and table_id not in day.sections
    )


def _of_slot(venue: Venue, day: Day) -> Iterable[Unit]:
    if day.sections is None:
        return venue.units.values()
    return (unit for section_id, unit in venue.units.items() if section_id in day.sections)


def _closest(venue: Venue, units: list[Unit], party_size: int, free: Free) -> list[Unit]:
    fits = ((people_in(venue, unit), index, unit) for index, unit in enumerate(units))
    found = min(
        (
            (people.spare(party_size), index)
            for people, index, unit in fits
            if people.fits(party_size) and free(unit, 1)
        ),
        default=None,
    )
    return [] if found is None else [units[found[1]]]


def _several(
    venue: Venue,
    day: Day,
    units: list[Unit],
    wanted: BestAvailable,
    party_size: int | None,
    free: Free,
) -> list[Unit]:
    quantity = wanted.quantity
    if party_size is not None:
        units = [unit for unit in units if people_in(venue, unit).least <= party_size]
    if not venue.policy.orphan_seats:
        first = _without_orphans(venue, day, units, quantity, free)
    else:
        first = list(islice((unit for unit in units if free(unit, 1)), quantity))
    if len(first) < quantity:
        return []
    if party_size is None or People.together(venue, first).fits(party_size):
        return first
    return seat_them(venue, [unit for unit in units if free(unit, 1)], quantity, party_size)


def _without_orphans(
    venue: Venue, day: Day, units: list[Unit], quantity: int, free: Free
) -> list[Unit]:
    place = {unit.section.section_id: index for index, unit in enumerate(units)}
    runs = _runs(venue, day, place, free)
    alone = (unit for unit in units if unit.section.seat_number is None and free(unit, 1))
    runs.extend(Run([unit]) for unit in islice(alone, quantity))
    runs.sort(key=lambda run: min(place[unit.section.section_id] for unit in run.seats))
    return take_without_orphans(runs, quantity)


def _side_by_side(
    venue: Venue,
    day: Day,
    units: list[Unit],
    wanted: BestAvailable,
    party_size: int | None,
    free: Free,
) -> list[Unit]:
    place = {unit.section.section_id: index for index, unit in enumerate(units)}
    best: tuple[int, list[Unit]] | None = None
    for run in _runs(venue, day, place, free):
        for start in run.starts(wanted.quantity, orphans=venue.policy.orphan_seats):
            seats = list(run.seats[start : start + wanted.quantity])
            if party_size is not None and not People.together(venue, seats).fits(party_size):
                continue
            first = min(place[unit.section.section_id] for unit in seats)
            if best is None or first < best[0]:
                best = (first, seats)
            break
    return [] if best is None else best[1]


def _runs(venue: Venue, day: Day, wanted: dict[str, int], free: Free) -> list[Run]:
    """Runs of the wanted, with the free seats of other categories beside them."""
    numbered = (
        unit
        for unit in _of_slot(venue, day)
        if unit.section.seat_number is not None and not unit.seats and free(unit, 1)
    )
    return runs_of(numbered, lambda unit: unit.section.section_id in wanted)


def _pool(venue: Venue, day: Day, wanted: BestAvailable, free: Free) -> Chosen:
    for unit in _pools(venue, day, wanted):
        if free(unit, wanted.quantity):
            return [(unit, wanted.quantity)]
    return []


def _pools(venue: Venue, day: Day, wanted: BestAvailable) -> Iterable[Unit]:
    category = wanted.category_id
    return (
        unit
        for unit in _of_slot(venue, day)
        if unit.section.kind is SectionKind.POOL
        and (category is None or unit.section.category_id == category)
    )


def _free(draft: Draft, unit: Unit, quantity: int) -> bool:
    if unit.seats:
        return all(_free(draft, draft.unit(seat), 1) for seat in unit.seats)
    claims = draft.claims(unit.section.section_id)
    if not claims:
        return unit.total >= quantity
    if unit.total > 1:
        if draft.left(unit) >= quantity:
            return True
        first = draft.first_end(unit)
        if first is None or first.at > draft.now:
            return False
    staying = 0
    for claim in claims:
        if claim.expires_at is None or claim.expires_at > draft.now:
            if claim.kind is ClaimKind.BLOCK:
                return False
            staying += claim.quantity
    return unit.total - staying >= quantity


def _none(draft: Draft, day: Day, wanted: BestAvailable, party_size: int | None) -> Rejection:
    units = candidates(draft.venue, day, wanted, party_size)
    if party_size is not None and units:
        people = [people_in(draft.venue, unit) for unit in units]
        most = People.most_of(people, wanted.quantity)
        least = min(one.least for one in people)
        if party_size < least or (most is not None and party_size > most):
            return Rejection(
                code=Code.CAPACITY_MISMATCH,
                detail=f"A party of {party_size} does not fit into {wanted.quantity} of the sections.",
                facts={"requested": party_size, "min": least, "max": most},
            )
    units.extend(_pools(draft.venue, day, wanted))
    ends = [
        claim.expires_at
        for unit in units
        for section_id in unit.seats or (unit.section.section_id,)
        for claim in draft.claims(section_id)
        if claim.expires_at is not None and claim.expires_at > draft.now
    ]
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
