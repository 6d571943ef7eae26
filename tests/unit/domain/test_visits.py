from __future__ import annotations

import pytest
from tests.unit.domain.build import KEY, STAFF, Floor, accepted, customer, rejected
from tests.unit.domain.life import (
    ASKING,
    CARD,
    END,
    KIOSK,
    START,
    Verb,
    booked,
    booking_in,
    cancel,
    move,
    moved,
    requested,
)

from command_api.domain.times import later
from holdfast.contracts.problems import Code
from holdfast.contracts.states import PaymentStatus, SectionState
from holdfast.contracts.venues import Policy, Slot


def test_checking_in_changes_no_section_and_tells() -> None:
    floor = Floor()
    booking = booked(floor, "t2")
    decision = accepted(move(floor, booking.booking_id, "check-in", by=KIOSK))
    assert decision.events == []
    assert [(n.type, n.reason) for n in decision.notices] == [
        ("booking.checked_in", "booking_checked_in")
    ]
    assert decision.valid_until == END
    answer = booking_in(decision)
    assert (answer.status, answer.revision) == ("checked_in", 2)
    assert floor.section("t2").state is SectionState.CONFIRMED
    assert list(floor.state.records) == [booking.booking_id]


def test_guests_come_from_twelve_hours_before_the_start_until_the_end() -> None:
    floor = Floor()
    floor.now = later(START, -12 * 3600 - 1)
    booking, other = booked(floor, "s1"), booked(floor, "s2")
    early = rejected(move(floor, booking.booking_id, "check-in"))
    assert (early.code, early.facts) == (Code.INVALID_TRANSITION, {"currentStatus": "confirmed"})
    assert early.valid_until == later(START, -12 * 3600)
    assert rejected(move(floor, booking.booking_id, "complete")).code is Code.INVALID_TRANSITION
    floor.pass_time(1)
    assert moved(floor, booking.booking_id, "check-in").status == "checked_in"
    floor.now = END
    late = rejected(move(floor, other.booking_id, "check-in"))
    assert (late.code, late.valid_from) == (Code.INVALID_TRANSITION, END)


@pytest.mark.parametrize("came", [True, False])
def test_completing_frees_the_sections_to_be_sold_again(came: bool) -> None:
    floor = Floor()
    booking = booked(floor, "t2")
    floor.now = later(START, 3600)
    if came:
        moved(floor, booking.booking_id, "check-in")
    decision = accepted(move(floor, booking.booking_id, "complete", reason="left early"))
    assert [(e.section_id, e.new_state, e.reason) for e in decision.events] == [
        (section, "available", "booking_completed") for section in ("t2-1", "t2-2", "t2")
    ]
    assert [notice.type for notice in decision.notices] == ["booking.completed"]
    assert booking_in(decision).status_reason == "left early"
    assert requested(floor, "t2", by=STAFF).status == "confirmed"


def test_nobody_is_a_no_show_before_the_start() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("t2").hold_id, by=STAFF, payment=CARD)
    floor.now = later(START, -1)
    denied = rejected(move(floor, booking.booking_id, "no-show"))
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": "confirmed"})
    assert denied.valid_until == START
    floor.now = START
    decision = accepted(move(floor, booking.booking_id, "no-show"))
    assert decision.valid_from == START
    assert {event.reason for event in decision.events} == {"booking_no_show"}
    assert [notice.type for notice in decision.notices] == ["booking.no_show"]
    assert booking_in(decision).payment_status is PaymentStatus.PAID
    assert not floor.state.claims


@pytest.mark.parametrize("verb", ["check-in", "complete", "no-show"])
def test_doing_it_again_answers_the_same_and_writes_nothing(verb: Verb) -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    floor.now = START
    first = moved(floor, booking.booking_id, verb)
    again = accepted(move(floor, booking.booking_id, verb))
    assert again.answer == first
    assert not again.parts


@pytest.mark.parametrize(
    ("done", "verb"),
    [
        ("check-in", "no-show"),
        ("complete", "check-in"),
        ("complete", "no-show"),
        ("no-show", "check-in"),
        ("no-show", "complete"),
        ("cancel", "check-in"),
        ("check-in", "approve"),
        ("no-show", "decline"),
    ],
)
def test_the_wrong_order_is_refused_with_the_present_status(done: str, verb: Verb) -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    if done == "cancel":
        accepted(cancel(floor, booking.booking_id))
    floor.now = START
    if done != "cancel":
        moved(floor, booking.booking_id, done)  # type: ignore[arg-type]
    version = floor.state.version
    denied = rejected(move(floor, booking.booking_id, verb))
    status = {
        "check-in": "checked_in",
        "complete": "completed",
        "no-show": "no_show",
        "cancel": "cancelled",
    }[done]
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": status})
    assert floor.state.version == version


@pytest.mark.parametrize("verb", ["check-in", "complete", "no-show"])
def test_who_waits_for_approval_has_no_visit_yet(verb: Verb) -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1")
    denied = rejected(move(floor, booking.booking_id, verb))
    assert denied.facts == {"currentStatus": "pending_approval"}


def test_tables_of_the_night_count_until_the_visit_is_over() -> None:
    floor = Floor(Policy(max_tables_per_customer_per_date=1))
    booking = booked(floor, "s1")
    floor.now = START
    moved(floor, booking.booking_id, "check-in")
    assert rejected(floor.try_hold("s2")).code is Code.MAX_TABLES_EXCEEDED
    moved(floor, booking.booking_id, "complete")
    floor.hold("s2")
    floor.hold("s1", by=customer("bob"))


def test_in_slots_that_overlap_a_visit_begins_and_ends_as_well() -> None:
    slots = [
        Slot(slot_id="late", start="21:00", end="03:00"),
        Slot(slot_id="midnight", start="23:00", end="04:00"),
    ]
    floor = Floor(ASKING, slots=slots)
    midnight = floor.channels.get(KEY._replace(slot="midnight"))
    booking = requested(floor, "t2")
    assert {claim.kind for seat in midnight.claims.values() for claim in seat.values()} == {
        "pending"
    }
    moved(floor, booking.booking_id, "approve")
    (claim,) = midnight.claims["t2-1"].values()
    assert (claim.kind, claim.expires_at, claim.channel) == ("confirmed", None, KEY.name)
    floor.now = START
    moved(floor, booking.booking_id, "no-show")
    assert not midnight.claims
    assert midnight.version == floor.state.version == 9
