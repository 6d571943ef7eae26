"""Places: what a venue has for sale in a slot, in the units that free places are counted in.

Without a party: all units, by capacity; a table with seats counts its seats, and not itself. For a party of
`n`: how many such parties there is room for.

  a table with seats     1, while all of its seats are free
  a section, a table     1 for each unit of its capacity; without `partyMax`, a capacity above 1 is chairs,
                         and `n` of them are one place
  a pool                 one place for each `n` units
  seats without a table  one place for each `n` of them, wherever they are

Tables and sections count where `partyMin` and `partyMax` let the party in; a table that says nothing
itself is as its seats.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from command_api.domain.model import Unit, Venue
from holdfast.contracts.states import SectionKind


class Lot(Struct):
    """Sections that make places together: every `need` of `total` units is one."""

    need: int
    total: int = 0

    @property
    def places(self) -> int:
        return self.total // self.need


class Lots(Struct):
    """What is for sale in the slots that the same sections take part in. By column: a section that
    takes claims, its units, and the number of its lot."""

    sections: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)

    @property
    def places(self) -> int:
        return sum(lot.places for lot in self.lots)

    def add(self, units: Iterable[Unit], lot: int) -> None:
        for unit in units:
            self.sections.append(unit.section.section_id)
            self.totals.append(unit.total)
            self.numbers.append(lot)
            self.lots[lot].total += unit.total

    def open(self, need: int) -> int:
        self.lots.append(Lot(need))
        return len(self.lots) - 1


def lots_of(venue: Venue, members: frozenset[str] | None, party: int | None) -> Lots:
    """`members`: of the slot, None where all sections take part in it."""
    lots = Lots()
    units = sold(venue, members)
    if party is None:
        lots.add(units, lots.open(1))
        return lots
    loose: int | None = None
    for unit in units:
        section = unit.section
        if section.kind is SectionKind.SEAT:
            if _table_of(venue, members, unit) is None:
                loose = lots.open(party) if loose is None else loose
                lots.add([unit], loose)
        elif _lets_in(section.party_min, section.party_max, party):
            chairs = section.kind is SectionKind.POOL or (
                unit.total > 1 and section.party_max is None
            )
            lots.add([unit], lots.open(party if chairs else 1))
    for table in venue.units.values():
        if table.seats and (members is None or table.section.section_id in members):
            seats = [venue.units[seat] for seat in table.seats]
            if _seats_let_in(table, seats, party):
                lots.add(seats, lots.open(sum(seat.total for seat in seats)))
    return lots


def sold(venue: Venue, members: frozenset[str] | None) -> Iterable[Unit]:
    """The sections that take claims: all that take part, but for tables with seats."""
    for section_id, unit in venue.units.items():
        if not unit.seats and (members is None or section_id in members):
            yield unit


def category_of(venue: Venue, unit: Unit) -> str:
    """A seat without a category has its table's; `""`: neither has one."""
    if unit.section.category_id is not None:
        return unit.section.category_id
    table = venue.units.get(unit.section.parent_id or "")
    return "" if table is None else table.section.category_id or ""


def _table_of(venue: Venue, members: frozenset[str] | None, unit: Unit) -> Unit | None:
    """The seat's table, where it takes part too."""
    table_id = unit.section.parent_id
    if table_id is None or (members is not None and table_id not in members):
        return None
    return venue.units.get(table_id)


def _seats_let_in(table: Unit, seats: list[Unit], party: int) -> bool:
    """A table's own bounds, else its seats': no more people than they take, or than there are."""
    section = table.section
    if section.party_min is not None or section.party_max is not None:
        return _lets_in(section.party_min, section.party_max, party)
    least = min(seat.section.party_min or 1 for seat in seats)
    most = sum((seat.section.party_max or 1) * seat.total for seat in seats)
    return least <= party <= most


def _lets_in(least: int | None, most: int | None, party: int) -> bool:
    return (least or 1) <= party and (most is None or party <= most)
