from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import DATE, venue

from command_api.domain.holds.asked import Asked, look_up
from command_api.domain.venue.days import day_of
from command_api.domain.venue.pricing import Quote, deposit_of, quote
from holdfast.contracts.venues import Deposit, Slot, SlotException


def price(*sections: str, quantities: dict[str, int] | None = None, **slot: Any) -> Quote:
    made = venue(slots=[Slot(**{"slot_id": "late", "start": "21:00", "end": "03:00", **slot})])
    day = day_of(made, DATE, "late")
    assert day is not None
    asked = look_up(made, day, sections, quantities or {})
    assert isinstance(asked, Asked)
    return quote(made, day, asked.units)


def on_date(prices: dict[str, int]) -> list[SlotException]:
    return [SlotException(date=DATE, prices=prices)]


@pytest.mark.parametrize(
    ("slot", "amount"),
    [
        ({}, 700),
        ({"prices": {"gold": 600}}, 600),
        ({"prices": {"gold": 600, "s2": 500}}, 500),
        ({"prices": {"s2": 500}, "exceptions": on_date({"gold": 400})}, 400),
        ({"prices": {"s2": 500}, "exceptions": on_date({"gold": 400, "s2": 300})}, 300),
        ({"exceptions": [SlotException(date="2026-02-16", prices={"s2": 300})]}, 700),
        ({"exceptions": on_date({"s2": 0})}, 0),
    ],
)
def test_exception_then_slot_then_section_and_an_id_before_its_category(
    slot: dict[str, Any], amount: int
) -> None:
    assert price("s2", **slot).total == amount


def test_a_section_without_a_price_costs_its_category_and_nothing_without_one() -> None:
    assert price("s1").total == 5000
    assert price("s3").total == 0


def test_a_table_with_its_own_price_costs_that_and_its_seats_carry_none() -> None:
    quoted = price("t2")
    assert quoted.total == 9000
    assert [item.section_id for item in quoted.items] == ["t2"]
    assert quoted.amounts == {"t2-1": None, "t2-2": None}


def test_a_table_without_a_price_costs_the_sum_of_its_seats() -> None:
    quoted = price("t1", prices={"t1-1": 100, "t1-2": 50})
    assert quoted.total == 150
    assert quoted.amounts == {"t1-1": 100, "t1-2": 50, "t1-3": 0, "t1-4": 0}


def test_a_table_whose_seats_have_no_price_costs_its_category() -> None:
    assert price("t1").total == 5000


def test_a_table_named_in_the_slot_has_its_own_price() -> None:
    assert price("t1", prices={"t1": 42, "t1-1": 100}).total == 42


def test_single_seats_of_a_priced_table_cost_their_own_price() -> None:
    assert price("t2-1").total == 1000


def test_quantities_multiply() -> None:
    quoted = price("p", "s3", quantities={"p": 3})
    assert quoted.total == 300
    assert [(item.section_id, item.amount, item.quantity) for item in quoted.items] == [
        ("p", 300, 3),
        ("s3", 0, 1),
    ]


@pytest.mark.parametrize(
    ("deposit", "amount"),
    [
        (None, 0),
        (Deposit(type="fixed", amount=2000), 2000),
        (Deposit(type="per_section", amount=300), 1200),
        (Deposit(type="percent", amount=10), 123),
        (Deposit(type="percent", amount=50), 616),
        (Deposit(type="percent", amount=100), 1231),
    ],
)
def test_deposits(deposit: Deposit | None, amount: int) -> None:
    assert deposit_of(deposit, total=1231, sections=4) == amount
