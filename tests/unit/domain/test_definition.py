from __future__ import annotations

import time
from typing import Any

import pytest
from tests.unit.domain.build import definition

from command_api.domain.venue.prepared import check_definition, prepare_venue
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import (
    Category,
    Deposit,
    Policy,
    Section,
    Slot,
    SlotException,
    VenueDefinition,
)

TABLE = SectionKind.TABLE
SEAT = SectionKind.SEAT


def made(**changes: Any) -> VenueDefinition:
    values: dict[str, Any] = {
        "slots": [Slot(slot_id="late", start="21:00", end="03:00")],
        "sections": [Section(section_id="s1")],
    }
    return VenueDefinition(**{**values, **changes})


def slot(**changes: Any) -> list[Slot]:
    return [Slot(**{"slot_id": "late", "start": "21:00", "end": "03:00", **changes})]


def test_a_sound_definition_has_no_problems() -> None:
    assert check_definition(definition()) == []
    assert check_definition(made()) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (made(timezone="Mars/Olympus"), "timezone: 'Mars/Olympus' is not a known IANA time zone"),
        (
            made(sections=[Section(section_id="s1"), Section(section_id="s1")]),
            "sections.s1: this id is used more than once",
        ),
        (
            made(slots=slot() + slot()),
            "slots.late: this id is used more than once",
        ),
        (
            made(categories=[Category(category_id="c"), Category(category_id="c")]),
            "categories.c: this id is used more than once",
        ),
        (
            made(sections=[Section(section_id="s1", category_id="c")]),
            "sections.s1: category 'c' is not defined",
        ),
        (
            made(sections=[Section(section_id="s1", kind=SEAT, parent_id="t")]),
            "sections.s1: parent 't' is not defined",
        ),
        (
            made(
                sections=[
                    Section(section_id="t"),
                    Section(section_id="s1", kind=SEAT, parent_id="t"),
                ]
            ),
            "sections.s1: the parent must be a table, 't' is a section",
        ),
        (
            made(
                sections=[
                    Section(section_id="t", kind=TABLE),
                    Section(section_id="s1", kind=TABLE, parent_id="t"),
                ]
            ),
            "sections.s1: only a seat may have a parent, this is a table",
        ),
        (
            made(
                sections=[
                    Section(section_id="t", kind=TABLE),
                    Section(section_id="u", kind=TABLE, parent_id="t"),
                    Section(section_id="s1", kind=SEAT, parent_id="u"),
                ]
            ),
            "sections.s1: sections nest one level deep, 'u' has a parent itself",
        ),
        (
            made(sections=[Section(section_id="s1", kind=SEAT, capacity=2)]),
            "sections.s1: a seat has capacity 1",
        ),
        (
            made(sections=[Section(section_id="s1", party_min=4, party_max=2)]),
            "sections.s1: partyMin is above partyMax",
        ),
        (
            made(slots=slot(section_ids=["s1", "s9"])),
            "slots.late.sectionIds: section 's9' is not defined",
        ),
        (
            made(slots=slot(section_ids=[])),
            "slots.late.sectionIds: name at least one section, or leave it out for all of them",
        ),
        (
            made(slots=slot(prices={"vip": 1})),
            "slots.late.prices: 'vip' is neither a section nor a category",
        ),
        (
            made(slots=slot(exceptions=[SlotException(date="2026-12-31", prices={"x": 1})])),
            "slots.late.exceptions.2026-12-31.prices: 'x' is neither a section nor a category",
        ),
        (
            made(slots=slot(exceptions=[SlotException(date="2026-02-30")])),
            "slots.late.exceptions: '2026-02-30' is not a calendar day",
        ),
        (
            made(slots=slot(valid_from="2026-13-01")),
            "slots.late.validFrom: '2026-13-01' is not a calendar day",
        ),
        (
            made(slots=slot(valid_from="2026-03-01", valid_to="2026-02-01")),
            "slots.late: validFrom is after validTo",
        ),
        (
            made(policy=Policy(deposit=Deposit(type="percent", amount=101))),
            "policy.deposit: a percentage is at most 100",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(wrong: VenueDefinition, problem: str) -> None:
    assert problem in check_definition(wrong)


def test_a_hopeless_definition_gets_a_bounded_list() -> None:
    twice = [Section(section_id="s1")] * 5000
    assert len(check_definition(made(sections=twice))) == 100


def test_ten_thousand_sections_are_checked_and_prepared_at_once() -> None:
    large = made(sections=[Section(section_id=f"s{n}") for n in range(10_000)])
    before = time.perf_counter()
    assert check_definition(large) == []
    venue = prepare_venue(
        club="c",
        venue="v",
        revision=1,
        layout_version=1,
        stamp=1,
        updated_at="",
        definition=large,
    )
    assert time.perf_counter() - before < 1
    assert len(venue.units) == 10_000


def test_a_table_with_seats_has_their_sum_and_not_its_own_capacity() -> None:
    sections = [
        Section(section_id="t", kind=TABLE, capacity=9),
        Section(section_id="t-1", kind=SEAT, parent_id="t"),
        Section(section_id="t-2", kind=SEAT, parent_id="t"),
    ]
    venue = prepare_venue(
        club="c",
        venue="v",
        revision=1,
        layout_version=1,
        stamp=1,
        updated_at="",
        definition=made(sections=sections),
    )
    assert (venue.units["t"].total, venue.units["t"].seats) == (2, ("t-1", "t-2"))
    assert venue.units["t-1"].total == 1
