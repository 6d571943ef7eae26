"""Sharing: how many units of a section with room for many somebody takes who does not say.

Sections, tables without seats, and pools with a capacity above 1 are always shared by several parties, by
quantity; one unit where none is given. Where the policy splits capacity (`splitCapacity`), units are
chairs: a party that names one such section and no quantity takes one for each of its people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from command_api.domain.model import Unit, Venue
from holdfast.contracts.states import SectionKind


def quantities_of(
    venue: Venue, section_ids: Sequence[str], given: Mapping[str, int], party_size: int | None
) -> Mapping[str, int]:
    """`given`, and what goes without saying."""
    if not venue.policy.split_capacity or party_size is None or len(section_ids) != 1 or given:
        return given
    unit = venue.units.get(section_ids[0])
    return given if unit is None or not _is_chairs(unit) else {section_ids[0]: party_size}


def _is_chairs(unit: Unit) -> bool:
    """A unit with a maximum of people is a table, and not a chair."""
    if unit.seats or unit.total == 1:
        return False
    return unit.section.kind is SectionKind.POOL or unit.section.party_max is None
