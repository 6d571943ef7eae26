"""What is for sale, and how many places for a party that makes."""

from __future__ import annotations

import pytest
from tests.unit.domain.build import venue

from command_api.domain.venue.places import category_of, lots_of
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Section, Slot

SEAT, TABLE, POOL = SectionKind.SEAT, SectionKind.TABLE, SectionKind.POOL


def places(party: int | None, *sections: Section, members: frozenset[str] | None = None) -> int:
    return lots_of(venue(sections=list(sections)), members, party).places


def seats(count: int, table: str | None = None) -> list[Section]:
    return [
        Section(section_id=f"{table or 'row'}-{n}", kind=SEAT, parent_id=table)
        for n in range(count)
    ]


def test_without_a_party_units_count_by_capacity_and_a_table_by_its_seats() -> None:
    table = Section(section_id="t", kind=TABLE)
    pool = Section(section_id="p", kind=POOL, capacity=5)
    assert places(None, table, *seats(4, "t"), pool, Section(section_id="s")) == 10


@pytest.mark.parametrize(("party", "expected"), [(1, 1), (4, 1), (5, 0)])
def test_a_table_that_says_nothing_seats_as_many_as_it_has_seats(party: int, expected: int) -> None:
    assert places(party, Section(section_id="t", kind=TABLE), *seats(4, "t")) == expected


@pytest.mark.parametrize(("party", "expected"), [(2, 0), (3, 1), (6, 1), (7, 0)])
def test_a_table_says_itself_whom_it_seats(party: int, expected: int) -> None:
    table = Section(section_id="t", kind=TABLE, party_min=3, party_max=6)
    assert places(party, table, *seats(4, "t")) == expected
    assert places(party, Section(section_id="s", party_min=3, party_max=6)) == expected


def test_a_section_without_a_maximum_takes_any_party() -> None:
    assert places(500, Section(section_id="s")) == 1


def test_pools_and_loose_seats_are_taken_one_for_each_person() -> None:
    assert places(2, Section(section_id="p", kind=POOL, capacity=5)) == 2
    assert places(2, *seats(5)) == 2
    assert places(3, Section(section_id="p", kind=POOL, capacity=5), *seats(5)) == 2


def test_a_large_section_is_places_by_its_maximum_or_chairs_without_one() -> None:
    assert places(4, Section(section_id="m", kind=TABLE, capacity=3, party_max=4)) == 3
    assert places(2, Section(section_id="m", kind=TABLE, capacity=3)) == 1


def test_a_seat_is_loose_where_its_table_takes_no_part() -> None:
    sections = [Section(section_id="t", kind=TABLE), *seats(4, "t")]
    made = venue(
        sections=sections,
        slots=[Slot(slot_id="late", start="21:00", end="23:00", section_ids=["t-0", "t-1"])],
    )
    lots = lots_of(made, made.members["late"], 2)
    assert (lots.places, lots.sections) == (1, ["t-0", "t-1"])


def test_a_seat_without_a_category_has_its_tables() -> None:
    made = venue()
    names = {id_: category_of(made, made.units[id_]) for id_ in ("t1-1", "s1", "s3", "a1")}
    assert names == {"t1-1": "gold", "s1": "gold", "s3": "", "a1": "row"}
