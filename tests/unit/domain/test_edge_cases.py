"""Edge cases of the booking domain, each in a sentence: approval, money, what is asked for.

Those of blocks, moves and the clock are in `test_edge_cases_of_time.py`, of the waitlist, of what comes from
elsewhere and of people in `test_edge_cases_of_others.py`; what needs servers is in
`tests/e2e/test_edge_cases.py`.
"""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.domain.build import STAFF, accepted, rejected
from tests.unit.domain.edges import BOB, CAT, Place
from tests.unit.domain.elsewhere import DINNER, EARLY, LATE, NEXT

from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    BookingStatus,
    HoldStatus,
    OnConflict,
    PaymentStatus,
    SectionState,
)
from holdfast.contracts.venues import Deposit, Policy

ASKING = Policy(requires_approval=True, approval_ttl_seconds=600)
DEPOSIT = Policy(deposit=Deposit(type="fixed", amount=1000), hold_ttl_seconds=300)
START = "2026-02-15T21:00:00.000Z"

# Approval


def test_a_request_under_a_block_that_came_later_is_approved_only_once_the_block_has_gone() -> None:
    place = Place(ASKING)
    booking = place.book("p", quantities={"p": 2})
    block = place.block("p", on_conflict=OnConflict.AFTER_RELEASE)
    assert place.denied(place.try_verb(booking.booking_id, "approve")) is Code.BLOCK_CONFLICT
    accepted(place.unblock(block.block_id))
    assert place.verb(booking.booking_id, "approve").status is BookingStatus.CONFIRMED
    assert place.section("p").capacity.available == 3


def test_nobody_approves_after_the_start_however_long_approval_may_take() -> None:
    place = Place(Policy(requires_approval=True, approval_ttl_seconds=86_400))
    booking = place.book("s1")
    assert booking.approval_expires_at == START
    place.wait_until(START)
    assert place.denied(place.try_verb(booking.booking_id, "approve")) is Code.INVALID_TRANSITION
    assert place.denied(place.try_book("s2", by=BOB)) is Code.SLOT_CLOSED
    assert place.book("s2", by=STAFF).status is BookingStatus.CONFIRMED


def test_after_its_deadline_a_request_makes_way_and_cannot_be_approved_any_more() -> None:
    place = Place(ASKING)
    booking = place.book("s1")
    place.pass_time(600)
    assert place.denied(place.try_verb(booking.booking_id, "approve")) is Code.INVALID_TRANSITION
    place.book("s1", by=BOB)
    assert place.booking(booking.booking_id).status is BookingStatus.EXPIRED
    assert place.denied(place.try_verb(booking.booking_id, "approve")) is Code.INVALID_TRANSITION


# Money


def test_a_payment_that_is_told_of_twice_and_after_its_refund_counts_once() -> None:
    place = Place(DEPOSIT)
    hold = place.hold("s1").hold_id
    assert place.tell(hold, "refunded", 400) == "applied"
    assert [place.tell(hold) for _ in range(2)] == ["applied", "duplicate"]
    assert place.tell(hold, "refunded", 400) == "duplicate"
    assert place.held(hold).paid_amount == 600
    assert place.denied(place.try_confirm(hold)) is Code.PAYMENT_REQUIRED


def test_money_that_comes_after_the_hold_expired_takes_it_again_where_all_of_it_is_free() -> None:
    place = Place(DEPOSIT)
    hold = place.hold("s1", "t2").hold_id
    place.pass_time(300)
    place.hold("s2", by=BOB)
    assert place.tell(hold) == "applied"
    booking = place.confirm(hold)
    assert (booking.payment_status, booking.paid_amount) == (PaymentStatus.PAID, 1000)
    assert place.taken(EARLY) == set()
    assert place.taken(DINNER) == {"s1", "s2", "t2-1", "t2-2"}


def test_money_that_comes_after_somebody_else_has_the_table_is_owed_back() -> None:
    place = Place(DEPOSIT)
    hold = place.hold("s1", "s2").hold_id
    place.pass_time(300)
    place.hold("s2", by=BOB)
    assert place.tell(hold) == "late"
    assert (place.held(hold).status, place.held(hold).refund_due) == (HoldStatus.EXPIRED, 1000)
    denied = rejected(place.try_confirm(hold))
    assert (denied.code, denied.facts["refundDue"]) == (Code.PAYMENT_AFTER_EXPIRY, 1000)
    assert place.section("s1").state is SectionState.AVAILABLE


def test_money_for_a_cancelled_booking_is_owed_back_and_brings_nothing_back() -> None:
    place = Place()
    booking = place.book("s1").booking_id
    accepted(place.end(booking))
    place.book("s1", by=BOB)
    assert place.tell(booking) == "late"
    lost = place.booking(booking)
    assert (lost.status, lost.payment_status) == (BookingStatus.CANCELLED, PaymentStatus.REFUND_DUE)
    assert place.tell(booking, "refunded") == "applied"
    assert place.booking(booking).payment_status is PaymentStatus.REFUNDED


def test_a_deposit_is_paid_in_parts_but_not_in_another_currency() -> None:
    place = Place(DEPOSIT)
    hold = place.hold("s1").hold_id
    assert place.tell(hold, currency="EUR") == "ignored"
    assert place.tell(hold, amount=400) == "applied"
    denied = rejected(place.try_confirm(hold))
    assert (denied.code, denied.facts["paidAmount"]) == (Code.PAYMENT_REQUIRED, 400)
    assert place.tell(hold, amount=600, transaction="tx2") == "applied"
    assert place.confirm(hold).paid_amount == 1000


def test_a_price_is_frozen_when_it_is_held_and_only_what_comes_later_costs_more() -> None:
    place = Place()
    hold = place.hold("s2")
    dearer = [
        msgspec.structs.replace(s, price=2 * (s.price or 0))
        for s in place.venue.definition.sections
    ]
    place.redefine(sections=dearer)
    accepted(place.try_change(hold.hold_id, add=["p"]))
    booking = place.confirm(hold.hold_id)
    assert [(item.section_id, item.amount) for item in booking.items] == [("s2", 700), ("p", 200)]
    assert place.book("s2", at=NEXT).total_amount == 1400


# What is asked for


def test_best_seats_side_by_side_leave_nobody_a_single_seat() -> None:
    place = Place(Policy(orphan_seats=False))
    place.hold("a3", by=BOB)
    wish = BestAvailable(quantity=2, adjacent=True, category_id="row")
    assert place.hold(best_available=wish).section_ids == ["a1", "a2"]
    assert place.denied(place.try_hold(best_available=wish, by=CAT)) is Code.SECTION_NOT_AVAILABLE
    wish = BestAvailable(quantity=3, adjacent=True, category_id="row")
    assert place.hold(best_available=wish, by=CAT).section_ids == ["a4", "a5", "a6"]


def test_a_hold_at_its_limits_swaps_one_section_for_another_in_one_step() -> None:
    place = Place(Policy(max_sections_per_hold=2, max_tables_per_customer_per_date=2))
    hold = place.hold("s1", "s2").hold_id
    assert place.denied(place.try_change(hold, add=["s3"])) is Code.TOO_MANY_SECTIONS
    place.book("s3", by=BOB, at=DINNER)
    denied = place.try_change(hold, add=["s3"], remove=["s1"])
    assert place.denied(denied) is Code.SECTION_NOT_AVAILABLE
    accepted(place.try_change(hold, add=["m"], remove=["s1"]))
    assert place.taken(LATE) == {"s2", "m", "s3"}


def test_who_finds_their_own_hold_in_the_way_is_told_which_one() -> None:
    place = Place()
    hold = place.hold("t1-2", "s1").hold_id
    denied = rejected(place.try_hold("t1"))
    assert (denied.code, denied.facts["ownHoldId"]) == (Code.SECTION_NOT_AVAILABLE, hold)
    assert "ownHoldId" not in rejected(place.try_hold("t1", by=BOB)).facts
    place.at(DINNER)
    assert rejected(place.try_hold("s1")).facts["ownHoldId"] == hold


def test_a_dry_run_over_an_expired_hold_quotes_and_leaves_it_as_it_is() -> None:
    place = Place()
    lapsed = place.hold("s2", by=BOB).hold_id
    place.pass_time(301)
    decision = accepted(place.try_hold("s2", dry_run=True))
    assert not decision.parts
    assert (place.state.version, list(place.state.claims["s2"])) == (1, [lapsed])


def test_a_table_of_which_somebody_has_a_seat_is_not_to_be_had_and_its_other_seats_are() -> None:
    place = Place()
    place.hold("t1-3", by=BOB)
    denied = rejected(place.try_hold("t1", "s1"))
    assert denied.facts["conflictingSections"] == ["t1-3"]
    assert place.hold("t1-1", "t1-2", "t1-4").section_ids == ["t1-1", "t1-2", "t1-4"]
    assert place.section("t1").state is SectionState.HELD


@pytest.mark.parametrize("twice", [["t1", "t1-2"], ["s1", "s1"], ["t1", "t1"], ["a1", "s1", "a1"]])
def test_nothing_is_asked_for_twice_in_one_request_not_even_as_a_seat_of_its_table(
    twice: list[str],
) -> None:
    place = Place()
    assert place.denied(place.try_hold(*twice)) is Code.DUPLICATE_SECTIONS
    assert place.denied(place.try_book(*twice)) is Code.DUPLICATE_SECTIONS
    assert place.state.version == 0


def test_a_table_seats_of_another_and_part_of_a_pool_are_one_booking() -> None:
    place = Place()
    booking = place.book("t2", "t1-1", "p", quantities={"p": 2}, party_size=6)
    assert booking.section_ids == ["t2-1", "t2-2", "t1-1", "p"]
    assert [item.section_id for item in booking.items] == ["t2", "t1-1", "p"]
    assert place.section("t1").capacity.available == 3
    assert place.section("t2").state is SectionState.CONFIRMED


@pytest.mark.parametrize(("size", "fits"), [(1, False), (2, True), (4, True), (5, False)])
def test_a_party_may_be_exactly_as_small_and_as_large_as_the_section_takes(
    size: int, fits: bool
) -> None:
    place = Place()
    outcome = place.try_book("s1", party_size=size)
    if fits:
        accepted(outcome)
    else:
        denied = rejected(outcome)
        assert (denied.code, denied.facts["min"], denied.facts["max"]) == (
            Code.CAPACITY_MISMATCH,
            2,
            4,
        )


def test_tables_are_counted_over_all_slots_of_a_date_and_not_over_dates() -> None:
    place = Place(Policy(max_tables_per_customer_per_date=2))
    place.book("s1", at=EARLY)
    place.at(LATE).hold("t1-1", "t1-2")
    denied = rejected(place.try_book("s2", at=DINNER))
    assert (denied.code, denied.facts) == (Code.MAX_TABLES_EXCEEDED, {"max": 2, "current": 2})
    place.book("s2", at=DINNER, by=BOB)
    place.book("s2", "s3", at=NEXT)


def test_a_hold_is_extended_to_its_lifetime_and_no_further() -> None:
    place = Place(Policy(hold_ttl_seconds=300, max_hold_seconds=500))
    hold = place.hold("s1").hold_id
    place.pass_time(299)
    accepted(place.extend(hold, 900))
    assert place.held(hold).expires_at == "2026-02-15T18:08:20.000Z"
    assert place.denied(place.extend(hold, 1)) is Code.HOLD_LIMIT_REACHED
    place.wait_until("2026-02-15T18:08:20.000Z")
    assert place.denied(place.extend(hold)) is Code.HOLD_EXPIRED
