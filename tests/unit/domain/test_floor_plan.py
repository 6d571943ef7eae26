"""Which sections a rectangle shows, and how many have to be looked at for it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.unit.domain.build import venue

from command_api.domain.venue.floor_plan import Box, FloorPlan, box_of
from holdfast.contracts.venues import Section

EVERYWHERE = Box(-1e8, -1e8, 1e8, 1e8)


def plan_of(*sections: Section) -> FloorPlan:
    return FloorPlan(venue(sections=list(sections)))


def hall(rows: int, seats: int) -> list[Section]:
    return [
        Section(section_id=f"r{row}-{seat}", x=seat * 10, y=row * 12, width=8, height=8)
        for row in range(rows)
        for seat in range(seats)
    ]


def test_a_small_rectangle_in_a_large_hall_looks_at_few_seats() -> None:
    plan = plan_of(*hall(100, 100))
    viewport = Box(400, 600, 499, 719)
    assert len(plan.shown(viewport)) == 100
    assert len(plan.near(viewport)) < 400
    assert len(plan.shown(EVERYWHERE)) == 10_000


def test_one_section_far_away_or_as_large_as_all_makes_no_difference() -> None:
    far = Section(section_id="far", x=9e6, y=9e6, width=1, height=1)
    floor = Section(section_id="floor", x=-10, y=-10, width=9e6, height=9e6)
    plan = plan_of(*hall(40, 40), far, floor)
    viewport = Box(100, 120, 139, 155)
    assert len(plan.near(viewport)) < 100
    assert len(plan.shown(viewport)) == 4 * 3 + 1
    assert plan.shown(Box(9e6, 9e6, 9e6, 9e6)) == ["far"]


def test_a_turned_section_is_seen_where_it_reaches() -> None:
    bar: dict[str, Any] = {"section_id": "bar", "x": 0, "y": 0, "width": 100, "height": 2}
    above = Box(45, -40, 55, -20)
    assert plan_of(Section(**bar)).shown(above) == []
    assert plan_of(Section(**bar, rotation=90)).shown(above) == ["bar"]


def test_sections_without_a_place_are_all_at_the_origin() -> None:
    plan = plan_of(*(Section(section_id=f"s{n}") for n in range(50)))
    assert len(plan.shown(Box(0, 0, 0, 0))) == 50
    assert plan.shown(Box(1, 1, 2, 2)) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_index_finds_what_looking_at_each_section_finds(seed: int) -> None:
    chance = random.Random(seed)

    def anywhere() -> float:
        return chance.choice([chance.uniform(-50, 50), chance.uniform(-1e6, 1e6), 0])

    def size() -> float:
        return chance.choice([0, chance.uniform(0, 10), chance.uniform(-5, 1000), 1e7])

    sections = [
        Section(
            section_id=f"s{n}",
            x=anywhere(),
            y=anywhere(),
            width=size(),
            height=size(),
            rotation=chance.choice([0, 45, chance.uniform(-720, 720)]),
        )
        for n in range(200)
    ]
    plan = plan_of(*sections)
    for _ in range(50):
        x, y = anywhere(), anywhere()
        viewport = Box(x, y, x + abs(size()), y + abs(size()))
        expected = [s.section_id for s in sections if viewport.touches(box_of(s))]
        assert plan.shown(viewport) == expected
