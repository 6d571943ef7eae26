"""A venue definition, checked and made ready for decisions."""

from __future__ import annotations

from command_api.domain.model import Unit, Venue
from command_api.domain.venue.definition import check_definition

__all__ = ["check_definition", "prepare_venue"]
from holdfast.contracts.venues import Section, Slot, VenueDefinition


def prepare_venue(
    *,
    club: str,
    venue: str,
    revision: int,
    layout_version: int,
    stamp: int,
    updated_at: str,
    definition: VenueDefinition,
) -> Venue:
    """`definition` passed `check_definition`."""
    units = _units(definition.sections)
    return Venue(
        club=club,
        venue=venue,
        revision=revision,
        layout_version=layout_version,
        stamp=stamp,
        updated_at=updated_at,
        definition=definition,
        units=units,
        slots={slot.slot_id: slot for slot in definition.slots},
        categories={category.category_id: category for category in definition.categories},
        members={
            slot.slot_id: _members(slot, units)
            for slot in definition.slots
            if slot.section_ids is not None
        },
    )


def _units(sections: list[Section]) -> dict[str, Unit]:
    seats: dict[str, list[str]] = {}
    for section in sections:
        if section.parent_id is not None:
            seats.setdefault(section.parent_id, []).append(section.section_id)
    return {
        section.section_id: Unit(section, section.capacity, ())
        if (own := seats.get(section.section_id)) is None
        else Unit(section, len(own), tuple(own))
        for section in sections
    }


def _members(slot: Slot, units: dict[str, Unit]) -> frozenset[str]:
    """A table that takes part brings its seats; a seat that does alone does not bring its table."""
    members = set(slot.section_ids or ())
    for section_id in slot.section_ids or ():
        if (unit := units.get(section_id)) is not None:
            members.update(unit.seats)
    return frozenset(members)
