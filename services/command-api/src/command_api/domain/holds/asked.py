"""The sections that somebody asks for: looked up, tables opened into their seats, counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from command_api.domain.decision import Rejection
from command_api.domain.model import Day, Unit, Venue
from holdfast.contracts.problems import Code


class Asked(Struct, frozen=True):
    """`units` as they were named, with quantities; `claims` are what to take, seats in place of
    their table."""

    units: list[tuple[Unit, int]]
    claims: dict[str, int]


def look_up(
    venue: Venue, day: Day, section_ids: Iterable[str], quantities: Mapping[str, int]
) -> Asked | Rejection:
    """Unknown ids (also those that take no part in the slot), ids that come twice, and quantities
    for what was not asked are refused."""
    units: list[tuple[Unit, int]] = []
    claims: dict[str, int] = {}
    unknown: list[str] = []
    twice: list[str] = []
    for section_id in section_ids:
        unit = venue.units.get(section_id)
        if unit is None or (day.sections is not None and section_id not in day.sections):
            unknown.append(section_id)
            continue
        quantity = quantities.get(section_id, 1)
        units.append((unit, quantity))
        for taken in unit.seats or (section_id,):
            if taken in claims:
                twice.append(taken)
            claims[taken] = 1 if unit.seats else quantity
    if unknown:
        return Rejection(
            code=Code.SECTION_NOT_FOUND,
            detail=f"{_sections(unknown)} not part of slot {day.slot.slot_id}.",
            facts={"sectionIds": unknown},
        )
    if twice:
        return Rejection(
            code=Code.DUPLICATE_SECTIONS,
            detail=f"{_sections(twice)} asked for more than once; a table takes its own seats.",
            facts={"sectionIds": list(dict.fromkeys(twice))},
        )
    return _check_quantities(units, quantities) or Asked(units, claims)


def _check_quantities(
    units: list[tuple[Unit, int]], quantities: Mapping[str, int]
) -> Rejection | None:
    if not quantities:
        return None
    asked = {unit.section.section_id: unit for unit, _quantity in units}
    for section_id, quantity in quantities.items():
        unit = asked.get(section_id)
        if unit is None:
            return invalid(
                f"quantities.{section_id}", "there is a quantity for a section not asked for"
            )
        if unit.seats and quantity != 1:
            return invalid(
                f"quantities.{section_id}", "a table with seats is taken as a whole, once"
            )
    return None


def check_count(count: int, limit: int) -> Rejection | None:
    """At most `limit` sections, seats counted one by one."""
    if count <= limit:
        return None
    return Rejection(
        code=Code.TOO_MANY_SECTIONS,
        detail=f"{count} sections were asked for; at most {limit} may be held at once.",
        facts={"max": limit, "requested": count},
    )


def check_party(
    venue: Venue, units: Iterable[tuple[Unit, int]], party_size: int | None
) -> Rejection | None:
    """A party must not be below the least `partyMin`, nor above the sum of `partyMax`. A section
    without a minimum takes one person, without a maximum any number; a table with seats that says
    nothing itself is as its seats."""
    if party_size is None:
        return None
    least: int | None = None
    most: int | None = 0
    for unit, quantity in units:
        low, high = _party(venue, unit)
        least = low if least is None else min(least, low)
        most = None if most is None or high is None else most + high * quantity
    least = least or 1
    if least <= party_size and (most is None or party_size <= most):
        return None
    bounds = f"{least} to {most}" if most is not None else f"at least {least}"
    return Rejection(
        code=Code.CAPACITY_MISMATCH,
        detail=f"A party of {party_size} does not fit: these sections take {bounds}.",
        facts={"requested": party_size, "min": least, "max": most},
    )


def _party(venue: Venue, unit: Unit) -> tuple[int, int | None]:
    section = unit.section
    if section.party_min is not None or section.party_max is not None or not unit.seats:
        return section.party_min or 1, section.party_max
    bounds = [_party(venue, venue.units[seat]) for seat in unit.seats]
    highs = [high for _low, high in bounds if high is not None]
    return min(low for low, _high in bounds), sum(highs) if len(highs) == len(bounds) else None


def invalid(path: str, message: str) -> Rejection:
    """A request that contradicts itself or the definition."""
    return Rejection(
        code=Code.VALIDATION_FAILED,
        detail=f"{path}: {message}.",
        facts={"errors": [{"path": path, "message": message}]},
    )


def _sections(ids: list[str]) -> str:
    shown = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return f"Section {shown} is" if len(ids) == 1 else f"Sections {shown} are"
