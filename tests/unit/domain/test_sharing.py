"""Sections with room for many are shared; with `splitCapacity` a party takes a unit for each person."""

from __future__ import annotations

import pytest
from tests.unit.domain.build import CONTACT, KEY, STAFF, Floor, accepted, customer, rejected

from command_api.domain.commands import RequestBooking, RescheduleBooking
from holdfast.contracts.bookings import Booking, BookingRequest, RescheduleRequest
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

SPLIT = Policy(split_capacity=True)


def taken(floor: Floor, section_id: str) -> int:
    capacity = floor.section(section_id).capacity
    return capacity.total - capacity.available


@pytest.mark.parametrize("section_id", ["p", "m"])
def test_without_it_a_party_takes_one_unit_unless_it_says(section_id: str) -> None:
    floor = Floor()
    floor.hold(section_id, party_size=2)
    assert taken(floor, section_id) == 1
    floor.hold(section_id, party_size=2, quantities={section_id: 2}, by=customer("bob"))
    assert taken(floor, section_id) == 3


@pytest.mark.parametrize("section_id", ["p", "m"])
def test_with_it_a_party_takes_its_people(section_id: str) -> None:
    floor = Floor(SPLIT)
    hold = floor.hold(section_id, party_size=2)
    assert taken(floor, section_id) == 2
    assert hold.items[0].quantity == 2
    denied = rejected(floor.try_hold(section_id, party_size=4, by=customer("bob")))
    assert denied.code is Code.CAPACITY_EXCEEDED
    assert denied.facts["requested"] == 4


def test_what_is_said_counts_and_several_sections_are_not_split() -> None:
    floor = Floor(SPLIT)
    floor.hold("p", party_size=3, quantities={"p": 1})
    assert taken(floor, "p") == 1
    floor.hold("p", "s1", party_size=3, by=customer("bob"))
    assert taken(floor, "p") == 2
    floor.hold("s2", party_size=3, by=customer("cat"))
    assert floor.section("s2").claims[0].quantity == 1
    floor.hold("t2", party_size=2, by=customer("dan"))
    assert taken(floor, "t2") == 2


def test_it_is_so_for_bookings_in_one_step_and_where_they_move_to() -> None:
    floor = Floor(SPLIT)
    request = BookingRequest(
        date=KEY.date, slot_id=KEY.slot, section_ids=["s2"], party_size=2, contact=CONTACT
    )
    made = accepted(
        floor.run(
            RequestBooking(
                channel=KEY,
                asker=STAFF,
                request=request,
                customer_id="ann",
                booking_id="b1",
                reference="REF1",
            )
        )
    )
    assert isinstance(made.answer, Booking)
    moved = accepted(
        floor.run(
            RescheduleBooking(
                channel=KEY,
                to=KEY,
                asker=STAFF,
                booking_id="b1",
                request=RescheduleRequest(date=KEY.date, slot_id=KEY.slot, section_ids=["m"]),
                record=None,
            )
        )
    )
    assert isinstance(moved.answer, Booking)
    assert taken(floor, "m") == 2
