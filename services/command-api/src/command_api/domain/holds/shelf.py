"""Shelves: which sections of a slot may be chosen for a wish, free or not, in layout order. Worked out once
for a venue and a shape of wish; in a venue of thousands the rest of choosing is looking up what is taken."""

from __future__ import annotations

from collections.abc import Iterable

from command_api.domain.model import Day, Unit, Venue
from command_api.domain.venue.people import People, people_in
from command_api.domain.venue.rows import Row, rows_of
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.states import SectionKind

_MEMO = 128


class Shelf:
    """`place` is the number of each section on the shelf; `tables` are those of tables with seats."""

    __slots__ = ("_day", "_people", "_rows", "_venue", "place", "tables", "units")

    def __init__(self, venue: Venue, day: Day, units: list[Unit]) -> None:
        self.units = units
        self.place = {unit.section.section_id: index for index, unit in enumerate(units)}
        self.tables = frozenset(index for index, unit in enumerate(units) if unit.seats)
        self._venue = venue
        self._day = day
        self._people: list[People] | None = None
        self._rows: list[Row] | None = None

    @property
    def people(self) -> list[People]:
        """How many people each of the units is for."""
        if self._people is None:
            self._people = [people_in(self._venue, unit) for unit in self.units]
        return self._people

    @property
    def rows(self) -> list[Row]:
        """Rows with a seat of the shelf in them, whole."""
        if self._rows is None:
            self._rows = rows_of(of_slot(self._venue, self._day), self.place)
        return self._rows


def shelf_of(venue: Venue, day: Day, wanted: BestAvailable, party_size: int | None) -> Shelf:
    """For kind `pool` pools, else anything but pools. Tables with seats are on it as a whole, and their
    seats are not, where the wish is for tables, or for fewer things than the party has people."""
    kind = wanted.kind
    whole = kind is SectionKind.TABLE or (
        kind is None and party_size is not None and party_size > wanted.quantity
    )
    slot = "" if day.sections is None else day.slot.slot_id
    place = (slot, wanted.category_id, kind, whole)
    shelf = venue.shelves.get(place)
    if shelf is None:
        if len(venue.shelves) >= _MEMO:
            venue.shelves.clear()
        units = [
            unit
            for unit in of_slot(venue, day)
            if (unit.section.kind is kind if kind is not None else _stands(venue, day, unit, whole))
            and (whole or not unit.seats)
            and wanted.category_id in (None, unit.section.category_id)
        ]
        shelf = venue.shelves[place] = Shelf(venue, day, units)
    found: Shelf = shelf
    return found


def of_slot(venue: Venue, day: Day) -> Iterable[Unit]:
    """All that takes part."""
    if day.sections is None:
        return venue.units.values()
    return (unit for section_id, unit in venue.units.items() if section_id in day.sections)


def roomy(venue: Venue) -> list[Unit]:
    """Sections that may take many claims."""
    units = venue.shelves.get("roomy")
    if units is None:
        units = [unit for unit in venue.units.values() if unit.total > 1 and not unit.seats]
        venue.shelves["roomy"] = units
    found: list[Unit] = units
    return found


def _stands(venue: Venue, day: Day, unit: Unit, whole: bool) -> bool:
    section, table_id = unit.section, unit.section.parent_id
    if section.kind is SectionKind.POOL:
        return False
    if not whole or table_id is None:
        return True
    return table_id not in venue.units or (
        day.sections is not None and table_id not in day.sections
    )
