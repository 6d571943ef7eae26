from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import MANAGER, NOW, STAFF, Floor, accepted, customer, rejected
from tests.unit.domain.life import CARD, END, KIOSK, START, booking_in, requested, try_request

from command_api.domain.times import later
from holdfast.contracts.problems import Code
from holdfast.contracts.states import PaymentStatus, SectionState
from holdfast.contracts.venues import Deposit, Policy


def test_a_booking_in_one_step_takes_tables_seats_and_units_of_a_pool() -> None:
    floor = Floor()
    decision = accepted(try_request(floor, "t2", "s3", "p", quantities={"p": 2}, party_size=3))
    assert decision.created
    assert [(e.section_id, e.previous_state, e.new_state, e.reason) for e in decision.events] == [
        ("t2-1", "available", "confirmed", "booking_confirmed"),
        ("t2-2", "available", "confirmed", "booking_confirmed"),
        ("s3", "available", "confirmed", "booking_confirmed"),
        ("p", "available", "available", "booking_confirmed"),
        ("t2", "available", "confirmed", "booking_confirmed"),
    ]
    assert [notice.type for notice in decision.notices] == ["booking.confirmed"]
    assert "example.org" not in str(decision.notices) + str(decision.events)
    assert decision.valid_until == END
    booking = booking_in(decision)
    assert (booking.hold_id, booking.customer_id, booking.status) == (None, "ann", "confirmed")
    assert (booking.total_amount, booking.party_size) == (9200, 3)
    assert booking.section_ids == ["t2-1", "t2-2", "s3", "p"]
    assert floor.section("p").capacity.available == 3
    assert floor.section("p").claims[0].amount == 200


def test_where_approval_is_asked_it_waits() -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=600))
    decision = accepted(try_request(floor, "s1"))
    assert [notice.type for notice in decision.notices] == ["booking.requested"]
    booking = booking_in(decision)
    assert (booking.status, booking.approval_expires_at) == ("pending_approval", later(NOW, 600))
    assert floor.section("s1").state is SectionState.PENDING_APPROVAL
    assert requested(floor, "s2", by=MANAGER).status == "confirmed"
    assert requested(floor, "s3", by=STAFF).status == "pending_approval"


def test_a_deposit_cannot_have_been_paid_before() -> None:
    floor = Floor(Policy(deposit=Deposit(type="percent", amount=20)))
    denied = rejected(try_request(floor, "s1", payment=CARD))
    assert denied.code is Code.PAYMENT_REQUIRED
    assert denied.facts == {"depositAmount": 1000, "currency": "GBP"}
    assert requested(floor, "s3").deposit_amount == 0
    paid = requested(floor, "s1", by=STAFF, payment=CARD)
    assert paid.payment_status is PaymentStatus.PAID


def test_walk_ins_need_no_contact_and_may_be_for_nobody() -> None:
    floor = Floor()
    assert rejected(try_request(floor, "s1", contact=None)).facts["errors"][0]["path"] == "contact"
    for section, asker in (("s1", STAFF), ("s2", KIOSK)):
        walk_in = requested(floor, section, by=asker)
        assert (walk_in.customer_id, walk_in.contact) == (None, None)
    assert requested(floor, "s3", by=STAFF, for_="bob").customer_id == "bob"


def test_staff_may_book_until_the_slot_ends_customers_keep_to_the_lead_time() -> None:
    floor = Floor(Policy(min_lead_minutes=30))
    floor.now = later(START, -1800)
    assert rejected(try_request(floor, "s1")).code is Code.SLOT_CLOSED
    floor.now = later(END, -1)
    assert requested(floor, "s1", by=STAFF).status == "confirmed"
    floor.now = END
    assert rejected(try_request(floor, "s2", by=STAFF)).code is Code.SLOT_CLOSED


def test_what_is_taken_is_refused_as_it_is_to_holds() -> None:
    floor = Floor()
    held = floor.hold("s1", "t1-2")
    denied = rejected(try_request(floor, "s1", "s3", by=customer("bob")))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts["conflictingSections"] == ["s1"]
    assert denied.facts["heldUntil"] == held.expires_at
    assert "ownHoldId" not in denied.facts
    assert floor.section("s3").state is SectionState.AVAILABLE
    own = rejected(try_request(floor, "t1"))
    assert own.facts["conflictingSections"] == ["t1-2"]
    assert own.facts["ownHoldId"] == held.hold_id
    crowd = rejected(try_request(floor, "p", quantities={"p": 6}))
    assert (crowd.code, crowd.facts["available"]) == (Code.CAPACITY_EXCEEDED, 5)


def test_what_is_past_its_time_denies_nobody() -> None:
    floor = Floor()
    held = floor.hold("s1")
    floor.now = held.expires_at
    decision = accepted(try_request(floor, "s1", by=customer("bob")))
    assert [event.reason for event in decision.events] == ["hold_expired", "booking_confirmed"]


@pytest.mark.parametrize(
    ("sections", "more", "code"),
    [
        (["s1"], {"party_size": 9}, Code.CAPACITY_MISMATCH),
        (["nowhere"], {}, Code.SECTION_NOT_FOUND),
        (["t2", "t2-1"], {}, Code.DUPLICATE_SECTIONS),
        (["t1", "s3"], {}, Code.TOO_MANY_SECTIONS),
        (["s1"], {"quantities": {"p": 2}}, Code.VALIDATION_FAILED),
    ],
)
def test_what_cannot_be_booked(sections: list[str], more: dict[str, Any], code: Code) -> None:
    floor = Floor(Policy(max_sections_per_hold=4))
    assert rejected(try_request(floor, *sections, **more)).code is code
    assert floor.state.version == 0


def test_tables_of_the_night_are_limited_for_whomever_they_are() -> None:
    floor = Floor(Policy(max_tables_per_customer_per_date=1))
    requested(floor, "t1")
    denied = rejected(try_request(floor, "s1"))
    assert (denied.code, denied.facts) == (Code.MAX_TABLES_EXCEEDED, {"max": 1, "current": 1})
    assert rejected(try_request(floor, "s1", by=STAFF, for_="ann")).code is Code.MAX_TABLES_EXCEEDED
    requested(floor, "s1", by=STAFF)
    requested(floor, "s2", by=STAFF)
