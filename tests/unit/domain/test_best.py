from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import Floor, customer, rejected

from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

BOB = customer("bob")


def best(floor: Floor, quantity: int, **more: Any) -> list[str]:
    wanted = BestAvailable(quantity=quantity, **more)
    return floor.hold(best_available=wanted).section_ids


def test_the_first_free_ones_in_layout_order() -> None:
    floor = Floor()
    floor.hold("t1-1", by=BOB)
    assert best(floor, 3) == ["t1-2", "t1-3", "t1-4"]


def test_of_a_category() -> None:
    assert best(Floor(), 2, category_id="gold") == ["s1", "s2"]


def test_side_by_side() -> None:
    floor = Floor()
    floor.hold("a2", by=BOB)
    assert best(floor, 3, adjacent=True, category_id="row") == ["a3", "a4", "a5"]
    assert best(floor, 1, adjacent=True, category_id="row") == ["a1"]


def test_without_orphans_where_the_policy_minds_them() -> None:
    floor = Floor(Policy(orphan_seats=False))
    assert best(floor, 4, adjacent=True, category_id="row") == ["a1", "a2", "a3", "a4"]
    floor = Floor(Policy(orphan_seats=False))
    floor.hold("a1", by=BOB)
    wanted = BestAvailable(quantity=4, adjacent=True, category_id="row")
    assert rejected(floor.try_hold(best_available=wanted)).code is Code.SECTION_NOT_AVAILABLE
    assert best(floor, 3, adjacent=True, category_id="row") == ["a2", "a3", "a4"]


def test_what_is_due_counts_as_free() -> None:
    floor = Floor()
    floor.hold("a1", "a2", "a3", "a4", "a5", "a6", by=BOB)
    wanted = BestAvailable(quantity=1, category_id="row")
    denied = rejected(floor.try_hold(best_available=wanted))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.valid_until is not None
    floor.pass_time(300)
    assert best(floor, 1, category_id="row") == ["a1"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (BestAvailable(quantity=5), Code.TOO_MANY_SECTIONS),
        (BestAvailable(quantity=1, category_id="lead"), Code.VALIDATION_FAILED),
    ],
)
def test_wishes_that_cannot_be_met(wanted: BestAvailable, code: Code) -> None:
    floor = Floor(Policy(max_sections_per_hold=4))
    assert rejected(floor.try_hold(best_available=wanted)).code is code
