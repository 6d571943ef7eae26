from __future__ import annotations

import random
from typing import Any

import pytest
from tests.unit.domain.build import Floor, customer, rejected

from command_api.domain.decision import Rejection
from holdfast.contracts.holds import BestAvailable, Hold
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Policy, Section

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


def chosen(floor: Floor, party_size: int | None = None, **wish: Any) -> list[str]:
    hold = floor.hold(best_available=BestAvailable(**wish), party_size=party_size)
    return [item.section_id for item in hold.items]


def test_a_party_gets_the_table_with_the_least_room_to_spare() -> None:
    floor = Floor()
    assert chosen(floor, 3, quantity=1) == ["t2"]
    assert chosen(floor, 3, quantity=1) == ["t1"]
    assert chosen(floor, 3, quantity=1) == ["s1"]
    assert chosen(floor, 3, quantity=1) == ["s2"]
    assert chosen(floor, 5, quantity=1) == ["s3"]


def test_a_table_with_seats_is_whole_or_not_for_a_party() -> None:
    floor = Floor()
    floor.hold("t1-1", by=BOB)
    assert chosen(floor, 4, quantity=1) == ["s1"]


def test_as_many_seats_as_people_are_chosen_one_by_one() -> None:
    assert chosen(Floor(), 4, quantity=4) == ["t1-1", "t1-2", "t1-3", "t1-4"]


def test_several_things_fit_the_party_together() -> None:
    floor = Floor(
        sections=[
            *(Section(section_id=f"two{n}", party_max=2) for n in range(1, 4)),
            *(Section(section_id=f"six{n}", party_max=6) for n in range(1, 4)),
        ]
    )
    assert chosen(floor, 4, quantity=2) == ["two1", "two2"]
    assert chosen(floor, 8, quantity=2) == ["two3", "six1"]
    wanted = BestAvailable(quantity=2)
    denied = rejected(floor.try_hold(best_available=wanted, party_size=13))
    assert (denied.code, denied.facts) == (
        Code.CAPACITY_MISMATCH,
        {"requested": 13, "min": 1, "max": 12},
    )


def test_whole_tables_seats_or_pools_where_the_wish_says_so() -> None:
    floor = Floor()
    assert chosen(floor, quantity=2, kind=SectionKind.TABLE) == ["t1", "t2"]
    assert chosen(floor, quantity=1, kind=SectionKind.SEAT) == ["a1"]
    hold = floor.hold(best_available=BestAvailable(quantity=4, kind=SectionKind.POOL))
    assert [(item.section_id, item.quantity) for item in hold.items] == [("p", 4)]
    denied = rejected(
        floor.try_hold(best_available=BestAvailable(quantity=2, kind=SectionKind.POOL))
    )
    assert denied.code is Code.SECTION_NOT_AVAILABLE


def test_a_pool_where_the_category_has_nothing_else_left() -> None:
    floor = Floor(
        sections=[
            Section(section_id="s", category_id="gold"),
            Section(section_id="p", kind=SectionKind.POOL, capacity=5, category_id="gold"),
        ]
    )
    assert chosen(floor, quantity=1, category_id="gold") == ["s"]
    assert chosen(floor, quantity=2, category_id="gold") == ["p"]
    assert (
        rejected(floor.try_hold(best_available=BestAvailable(quantity=2))).code
        is Code.SECTION_NOT_AVAILABLE
    )


def test_quantities_are_not_for_what_the_server_chooses() -> None:
    wish = {"best_available": BestAvailable(quantity=1), "quantities": {"p": 2}}
    assert rejected(Floor().try_hold(**wish)).code is Code.VALIDATION_FAILED  # type: ignore[arg-type]


def test_runs_give_up_seats_rather_than_leave_one_alone() -> None:
    floor = Floor(Policy(orphan_seats=False))
    floor.hold("a4", by=BOB)
    assert best(floor, 2, category_id="row") == ["a5", "a6"]
    denied = floor.try_hold(best_available=BestAvailable(quantity=2, category_id="row"))
    assert rejected(denied).code is Code.SECTION_NOT_AVAILABLE
    assert best(floor, 3, category_id="row") == ["a1", "a2", "a3"]


def test_free_seats_of_another_category_count_as_neighbours() -> None:
    seats = [
        Section(
            section_id=f"b{n}",
            kind=SectionKind.SEAT,
            row_label="B",
            seat_number=n,
            category_id="gold" if n < 3 else "row",
        )
        for n in range(1, 5)
    ]
    floor = Floor(Policy(orphan_seats=False), sections=seats)
    assert best(floor, 1, category_id="gold", adjacent=True) == ["b1"]
    floor = Floor(Policy(orphan_seats=False), sections=seats[:3])
    denied = floor.try_hold(
        best_available=BestAvailable(quantity=2, category_id="gold", adjacent=True)
    )
    assert rejected(denied).code is Code.SECTION_NOT_AVAILABLE


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_taken_without_orphans_leaves_no_new_single_seat(seed: int) -> None:
    chance = random.Random(seed)
    seats = [
        Section(
            section_id=f"{row}{n}",
            kind=SectionKind.SEAT,
            row_label=row,
            seat_number=n,
            category_id="gold",
        )
        for row in "abc"
        for n in range(1, chance.randint(2, 8))
    ]
    floor = Floor(Policy(orphan_seats=False), sections=seats)
    taken = {s.section_id for s in seats if chance.random() < 0.3}
    if taken:
        floor.hold(*taken, by=BOB)
    before = _single(seats, taken)
    quantity = chance.randint(1, 6)
    outcome = floor.try_hold(
        best_available=BestAvailable(quantity=quantity, adjacent=chance.random() < 0.5)
    )
    if isinstance(outcome, Rejection):
        return
    answer = outcome.answer
    assert isinstance(answer, Hold)
    assert len(answer.section_ids) == quantity
    assert not taken & set(answer.section_ids)
    assert _single(seats, taken | set(answer.section_ids)) <= before


def _single(seats: list[Section], taken: set[str]) -> set[str]:
    """Free seats with none free beside them."""
    free = {
        (s.row_label, s.seat_number or 0): s.section_id for s in seats if s.section_id not in taken
    }
    return {
        id_
        for (row, n), id_ in free.items()
        if (row, n - 1) not in free and (row, n + 1) not in free
    }
