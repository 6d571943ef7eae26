"""People: how many of them sections are for. Where a party only has to be let in, a section without a
maximum takes any number (`asked.check_party`); where sections are chosen for a party, a seat is for one
unless it says more, and a table that says nothing itself is as its seats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from command_api.domain.model import Unit, Venue
from holdfast.contracts.states import SectionKind

_ANY = 1_000_000
"""Room to spare of a section without a maximum: it comes last."""


class People(NamedTuple):
    """From how many to how many; `most` None: any number."""

    least: int
    most: int | None

    def fits(self, party_size: int) -> bool:
        return self.least <= party_size and (self.most is None or party_size <= self.most)

    def spare(self, party_size: int) -> int:
        """Places that stay empty."""
        return _ANY if self.most is None else self.most - party_size

    @staticmethod
    def together(venue: Venue, units: Iterable[Unit]) -> People:
        """Of sections that are taken together: the least of any of them, the most of all."""
        people = [people_in(venue, unit) for unit in units]
        return People(min(one.least for one in people), People.most_of(people, len(people)))

    @staticmethod
    def most_of(people: Iterable[People], quantity: int) -> int | None:
        """What the largest `quantity` of them take."""
        mosts = sorted((_ANY if one.most is None else one.most for one in people), reverse=True)
        most = sum(mosts[:quantity])
        return None if most >= _ANY else most


def people_in(venue: Venue, unit: Unit) -> People:
    section = unit.section
    if section.party_min is not None or section.party_max is not None:
        return People(section.party_min or 1, section.party_max)
    if unit.seats:
        seats = [people_in(venue, venue.units[seat]) for seat in unit.seats]
        return People(min(one.least for one in seats), People.most_of(seats, len(seats)))
    return People(1, 1 if section.kind is SectionKind.SEAT else None)


def seat_them(venue: Venue, units: Sequence[Unit], quantity: int, party_size: int) -> list[Unit]:
    """`quantity` of the units with little room to spare for the party: neighbours by size, the smallest
    that together are enough; in layout order, empty where there are none."""
    by_size = sorted(
        range(len(units)), key=lambda index: (people_in(venue, units[index]).most or _ANY, index)
    )
    for begin in range(len(by_size) - quantity + 1):
        numbers = by_size[begin : begin + quantity]
        if People.together(venue, (units[number] for number in numbers)).fits(party_size):
            return [units[number] for number in sorted(numbers)]
    return []
