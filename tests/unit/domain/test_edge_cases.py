"""Edge cases of the booking domain, each in a sentence: money, limits, blocks, moves, the clock.

Those of the waitlist, of what comes from elsewhere and of people are in `test_edge_cases_of_others.py`; what
needs servers is in `tests/e2e/test_edge_cases.py`.
"""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.domain.build import DATE, MANAGER, STAFF, accepted, rejected
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
from holdfast.contracts.venues import Deposit, Policy, Slot

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


# Capacity and blocks


def test_a_pool_made_smaller_than_what_is_taken_lets_nobody_in_until_enough_have_left() -> None:
    place = Place()
    many, one = place.hold("p", quantities={"p": 3}).hold_id, place.hold("p", by=BOB).hold_id
    sections = [s for s in place.venue.definition.sections if s.section_id != "p"]
    pool = next(s for s in place.venue.definition.sections if s.section_id == "p")
    place.redefine(sections=[*sections, msgspec.structs.replace(pool, capacity=2)])
    shown = place.section("p")
    assert (shown.capacity.available, shown.capacity.over_committed) == (0, 2)
    accepted(place.release(one, by=BOB))
    assert place.denied(place.try_hold("p", by=CAT)) is Code.SECTION_NOT_AVAILABLE
    accepted(place.try_change(many, quantities={"p": 1}))
    place.hold("p", by=CAT)
    assert place.section("p").capacity.over_committed == 0


def test_part_of_a_pool_that_is_given_back_goes_to_who_waits_for_it() -> None:
    pool = next(s for s in Place().venue.definition.sections if s.section_id == "p")
    place = Place(sections=[pool], slots=[Slot(slot_id="late", start="21:00", end="27:00")])
    hold = place.hold("p", quantities={"p": 5}, by=BOB).hold_id
    place.join("ann", 2)
    accepted(place.try_change(hold, by=BOB, quantities={"p": 3}))
    assert place.offered("e1") == ["p"]
    assert place.denied(place.try_hold("p", by=CAT)) is Code.SECTION_NOT_AVAILABLE


@pytest.mark.parametrize("taken_by", ["held", "pending_approval", "confirmed"])
@pytest.mark.parametrize("way", list(OnConflict))
def test_a_block_over_what_is_taken_does_as_it_was_told(taken_by: str, way: OnConflict) -> None:
    place = Place(ASKING)
    if taken_by == "held":
        place.hold("s1")
    else:
        place.book("s1", by=MANAGER if taken_by == "confirmed" else None, customer_id="ann")
    outcome = place.try_block("s1", "s2", by=MANAGER, on_conflict=way)
    shown = (place.section("s1").state, place.section("s2").state)
    match way:
        case OnConflict.REJECT:
            assert place.denied(outcome) is Code.BLOCK_CONFLICT
            assert shown == (taken_by, "available")
        case OnConflict.DISPLACE:
            assert shown == ("blocked", "blocked")
        case OnConflict.AFTER_RELEASE:
            assert shown == (taken_by, "blocked")


def test_of_blocks_that_overlap_the_last_one_to_go_gives_the_section_back() -> None:
    place = Place()
    here = place.block("t1", "s1").block_id
    there = place.at(DINNER).block("s1").block_id
    accepted(place.at(LATE).unblock(here))
    assert place.section("s1").state is SectionState.BLOCKED
    assert place.section("t1").state is SectionState.AVAILABLE
    accepted(place.at(DINNER).unblock(there))
    assert place.at(LATE).section("s1").state is SectionState.AVAILABLE


def test_a_whole_night_that_is_blocked_leaves_nothing_in_the_slots_that_overlap_it() -> None:
    place = Place()
    block = place.at(DINNER).block().block_id
    for key in (DINNER, LATE, EARLY):
        shown = place.at(key).sections().values()
        assert {section.state for section in shown} == {SectionState.BLOCKED}
        assert place.denied(place.try_book("p", at=key)) is Code.SECTION_NOT_AVAILABLE
    accepted(place.at(DINNER).unblock(block))
    place.book("p", at=EARLY)


def test_who_was_in_a_pool_before_it_was_blocked_is_in_it_when_the_block_has_gone() -> None:
    place = Place()
    booking = place.book("p", quantities={"p": 4}).booking_id
    block = place.block("p", on_conflict=OnConflict.AFTER_RELEASE).block_id
    assert place.section("p").state is SectionState.BLOCKED
    accepted(place.unblock(block))
    assert place.section("p").capacity.available == 1
    assert place.verb(booking, "check-in").status is BookingStatus.CHECKED_IN


# Leaving and moving


@pytest.mark.parametrize(("moment", "allowed"), [("19:59:59.999", True), ("20:00:00.000", False)])
def test_a_customer_leaves_until_the_last_millisecond_before_the_deadline(
    moment: str, allowed: bool
) -> None:
    place = Place(Policy(cancel_until_minutes=60))
    one, other = place.book("s1").booking_id, place.book("s2").booking_id
    place.wait_until(f"{DATE}T{moment}Z")
    for outcome in (place.end(one), place.try_move(other, NEXT)):
        if allowed:
            accepted(outcome)
        else:
            assert place.denied(outcome) is Code.INVALID_TRANSITION
    if not allowed:
        accepted(place.end(one, by=STAFF))


def test_two_bookings_change_places_over_a_third_and_never_share_one() -> None:
    place = Place()
    one, other = place.book("s1").booking_id, place.book("s2", by=BOB).booking_id
    assert place.denied(place.try_move(one, LATE, "s2")) is Code.SECTION_NOT_AVAILABLE
    place.move(one, LATE, "s3")
    place.move(other, LATE, "s1", by=BOB)
    place.move(one, LATE, "s2")
    place.check()
    assert (place.booking(one).claims, place.booking(other).claims) == ({"s2": 1}, {"s1": 1})


def test_moving_to_the_same_place_writes_nothing() -> None:
    place = Place()
    booking = place.book("t1", "p", quantities={"p": 2})
    decision = accepted(place.try_move(booking.booking_id, LATE))
    assert (decision.parts, decision.answer) == ({}, booking)
    assert not accepted(place.try_move(booking.booking_id, LATE, "t1", "p")).parts


def test_a_booking_that_moves_costs_what_it_costs_there_and_keeps_what_was_paid() -> None:
    place = Place()
    booking = place.book("s3", at=EARLY).booking_id
    place.at(EARLY).tell(booking, amount=300)
    moved = place.move(booking, LATE, "s2")
    assert (moved.total_amount, moved.paid_amount) == (700, 300)
    assert moved.payment_status is PaymentStatus.PAID


def test_a_booking_that_moves_is_counted_where_it_is_and_not_where_it_was() -> None:
    place = Place(Policy(max_tables_per_customer_per_date=1))
    booking = place.book("s1").booking_id
    place.move(booking, EARLY, "s2")
    assert place.denied(place.try_book("s3", at=LATE)) is Code.MAX_TABLES_EXCEEDED
    place.move(booking, NEXT)
    place.book("s1", at=LATE)
    assert place.denied(place.try_move(booking, EARLY)) is Code.MAX_TABLES_EXCEEDED
    place.check()


def test_nobody_is_checked_in_before_the_booking_is_confirmed() -> None:
    place = Place(ASKING)
    booking = place.book("s1").booking_id
    assert place.denied(place.try_verb(booking, "check-in")) is Code.INVALID_TRANSITION
    place.verb(booking, "approve")
    assert place.verb(booking, "check-in").status is BookingStatus.CHECKED_IN


def test_nobody_has_failed_to_come_before_the_start() -> None:
    place = Place()
    booking = place.book("s1").booking_id
    place.wait_until("2026-02-15T20:59:59.999Z")
    assert place.denied(place.try_verb(booking, "no-show")) is Code.INVALID_TRANSITION
    place.wait_until(START)
    assert place.verb(booking, "no-show").status is BookingStatus.NO_SHOW
    assert place.section("s1").state is SectionState.AVAILABLE


# The clock


def test_a_slot_after_midnight_belongs_to_the_evening_before() -> None:
    place = Place(
        Policy(max_tables_per_customer_per_date=1),
        slots=[Slot(slot_id="late", start="25:00", end="28:00")],
    )
    booking = place.book("s1")
    assert (booking.date, booking.starts_at) == (DATE, "2026-02-16T01:00:00.000Z")
    place.wait_until("2026-02-16T00:30:00.000Z")
    assert place.denied(place.try_book("s2")) is Code.MAX_TABLES_EXCEEDED
    assert place.verb(booking.booking_id, "check-in").date == DATE


@pytest.mark.parametrize(
    ("date", "starts_at", "hours"),
    [
        ("2026-03-29", "2026-03-29T01:30:00.000Z", 1.5),  # 01:30 is skipped: 02:30 summer time
        ("2026-10-25", "2026-10-25T00:30:00.000Z", 3.5),  # 01:30 comes twice: the first one
        ("2026-11-01", "2026-11-01T01:30:00.000Z", 2.5),
    ],
)
def test_a_slot_that_starts_in_the_hour_that_is_skipped_or_comes_twice(
    date: str, starts_at: str, hours: float
) -> None:
    place = Place(slots=[Slot(slot_id="late", start="01:30", end="04:00")])
    booking = place.book("s1", at=LATE._replace(date=date))
    assert booking.starts_at == starts_at
    ends_at = "03:00" if date == "2026-03-29" else "04:00"
    assert booking.ends_at == f"{date}T{ends_at}:00.000Z"
    assert hours == _hours(booking.starts_at, booking.ends_at)


def _hours(start: str, end: str) -> float:
    return (
        int(end[11:13]) * 60 + int(end[14:16]) - int(start[11:13]) * 60 - int(start[14:16])
    ) / 60


def test_a_section_is_sold_once_at_a_time_whichever_of_two_overlapping_slots_sells_it() -> None:
    place = Place()
    early, late = place.book("s1", at=EARLY), place.book("s1", at=LATE, by=BOB)
    assert place.denied(place.try_book("s1", at=DINNER, by=CAT)) is Code.SECTION_NOT_AVAILABLE
    accepted(place.end(early.booking_id))
    assert place.denied(place.try_book("s1", at=DINNER, by=CAT)) is Code.SECTION_NOT_AVAILABLE
    accepted(place.end(late.booking_id, by=BOB))
    place.book("s1", at=DINNER, by=CAT)
    place.check()
