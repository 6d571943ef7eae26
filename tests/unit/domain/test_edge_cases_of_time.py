"""Edge cases of the booking domain, each in a sentence: blocks, leaving and moving, the clock."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.domain.build import DATE, MANAGER, STAFF, accepted
from tests.unit.domain.edges import BOB, CAT, Place
from tests.unit.domain.elsewhere import DINNER, EARLY, LATE, NEXT

from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    BookingStatus,
    OnConflict,
    PaymentStatus,
    SectionState,
)
from holdfast.contracts.venues import Deposit, Policy, Slot

ASKING = Policy(requires_approval=True, approval_ttl_seconds=600)
DEPOSIT = Policy(deposit=Deposit(type="fixed", amount=1000), hold_ttl_seconds=300)
START = "2026-02-15T21:00:00.000Z"

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
