"""Best available: the server chooses. In layout order, so the one who draws a layout says what is
best. This looks at every section of the venue: its cost grows with them."""

from __future__ import annotations

from collections.abc import Iterator

from command_api.domain.asked import Asked, invalid
from command_api.domain.decision import Rejection
from command_api.domain.draft import Draft
from command_api.domain.model import Day, Unit
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionKind


def choose(draft: Draft, day: Day, wanted: BestAvailable) -> Asked | Rejection:
    """`quantity` free seats, sections or tables; pools, and tables that have seats, are not chosen.
    `adjacent` ones have consecutive seat numbers in one row of one table. What is due to expire
    counts as free: the hold expires it."""
    category = wanted.category_id
    if category is not None and category not in draft.venue.categories:
        return invalid("bestAvailable.categoryId", f"there is no category {category}")
    candidates = [
        unit
        for unit in draft.venue.units.values()
        if not unit.seats
        and unit.section.kind is not SectionKind.POOL
        and (category is None or unit.section.category_id == category)
        and (day.sections is None or unit.section.section_id in day.sections)
    ]
    if wanted.adjacent:
        chosen = _side_by_side(draft, candidates, wanted.quantity)
    else:
        chosen = [unit for unit in candidates if _free(draft, unit)][: wanted.quantity]
    if len(chosen) < wanted.quantity:
        return _none(draft, candidates, wanted)
    return Asked([(u, 1) for u in chosen], {u.section.section_id: 1 for u in chosen})


def _free(draft: Draft, unit: Unit) -> bool:
    section_id = unit.section.section_id
    if draft.left(unit) > 0:
        return True
    return (
        any(
            claim.expires_at is not None and claim.expires_at <= draft.now
            for claim in draft.claims(section_id)
        )
        and _left_without_due(draft, unit) > 0
    )


def _left_without_due(draft: Draft, unit: Unit) -> int:
    """Units left once what is due has gone; a block leaves none, since it is never due."""
    staying = [
        claim.quantity
        for claim in draft.claims(unit.section.section_id)
        if claim.expires_at is None or claim.expires_at > draft.now
    ]
    return unit.total - sum(staying)


def _side_by_side(draft: Draft, candidates: list[Unit], quantity: int) -> list[Unit]:
    """The first fit in layout order; where the policy minds orphans, one that leaves no single free
    seat beside it."""
    orphans = draft.venue.policy.orphan_seats
    place = {unit.section.section_id: index for index, unit in enumerate(candidates)}
    fits: list[list[Unit]] = []
    for run in _runs(draft, candidates):
        for start in range(len(run) - quantity + 1):
            rest = (start, len(run) - start - quantity)
            if orphans or 1 not in rest:
                fits.append(run[start : start + quantity])
                break
    return min(
        fits, key=lambda fit: min(place[unit.section.section_id] for unit in fit), default=[]
    )


def _runs(draft: Draft, candidates: list[Unit]) -> Iterator[list[Unit]]:
    """Longest stretches of free seats with consecutive numbers."""
    rows: dict[tuple[str | None, str | None], list[tuple[int, Unit]]] = {}
    for unit in candidates:
        section = unit.section
        if section.seat_number is not None and _free(draft, unit):
            rows.setdefault((section.parent_id, section.row_label), []).append(
                (section.seat_number, unit)
            )
    for row in rows.values():
        row.sort(key=lambda numbered: numbered[0])
        run: list[Unit] = []
        last: int | None = None
        for number, unit in row:
            if last is not None and number != last + 1:
                yield run
                run = []
            run.append(unit)
            last = number
        yield run


def _none(draft: Draft, candidates: list[Unit], wanted: BestAvailable) -> Rejection:
    ends = [
        claim.expires_at
        for unit in candidates
        for claim in draft.claims(unit.section.section_id)
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
