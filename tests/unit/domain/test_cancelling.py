from __future__ import annotations

import pytest
from tests.unit.domain.build import MANAGER, STAFF, Floor, accepted, customer, rejected
from tests.unit.domain.life import KIOSK, START, booked, booking_in, cancel, moved

from command_api.domain.commands import Asker, ErasePersonalData
from command_api.domain.draft.draft import Draft
from command_api.domain.evolve import apply
from command_api.domain.payments.compensation import displace
from command_api.domain.records import BookingRecord
from command_api.domain.times import later
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionState
from holdfast.contracts.venues import Policy


def test_the_reason_is_kept_and_goes_into_no_event() -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    decision = accepted(cancel(floor, booking.booking_id, reason="a broken leg"))
    assert booking_in(decision).status_reason == "a broken leg"
    assert "leg" not in str(decision.notices) + str(decision.events)
    again = accepted(cancel(floor, booking.booking_id, reason="another"))
    assert again.answer == decision.answer


def test_at_the_deadline_it_is_too_late_a_moment_before_it_is_not() -> None:
    floor = Floor(Policy(cancel_until_minutes=60))
    booking, other = booked(floor, "s1"), booked(floor, "s2")
    floor.now = "2026-02-15T19:59:59.999Z"
    decision = accepted(cancel(floor, other.booking_id))
    assert decision.valid_until == "2026-02-15T20:00:00.000Z"
    floor.now = "2026-02-15T20:00:00.000Z"
    assert rejected(cancel(floor, booking.booking_id)).code is Code.INVALID_TRANSITION
    accepted(cancel(floor, booking.booking_id, by=KIOSK))


def test_a_request_can_be_withdrawn_as_long_as_nobody_approved_it() -> None:
    floor = Floor(Policy(requires_approval=True, cancel_until_minutes=600))
    booking, approved = booked(floor, "s1"), booked(floor, "s2")
    moved(floor, approved.booking_id, "approve")
    decision = accepted(cancel(floor, booking.booking_id))
    assert decision.valid_until == booking.approval_expires_at
    assert rejected(cancel(floor, approved.booking_id)).code is Code.INVALID_TRANSITION


@pytest.mark.parametrize(
    ("asker", "code"),
    [
        (customer(), Code.INVALID_TRANSITION),
        (STAFF, Code.ACTION_NOT_PERMITTED),
        (KIOSK, Code.ACTION_NOT_PERMITTED),
    ],
)
def test_once_the_guest_is_there_only_managers_cancel(asker: Asker, code: Code) -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    floor.now = later(START, -600)
    moved(floor, booking.booking_id, "check-in")
    assert rejected(cancel(floor, booking.booking_id, by=asker)).code is code
    assert floor.section("s1").state is SectionState.CONFIRMED
    assert booking_in(cancel(floor, booking.booking_id, by=MANAGER)).status == "cancelled"
    assert floor.section("s1").state is SectionState.AVAILABLE


@pytest.mark.parametrize(("verb", "status"), [("complete", "completed"), ("no-show", "no_show")])
def test_what_is_over_cannot_be_cancelled(verb: str, status: str) -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    floor.now = START
    moved(floor, booking.booking_id, verb)  # type: ignore[arg-type]
    denied = rejected(cancel(floor, booking.booking_id, by=MANAGER))
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": status})


def test_what_was_displaced_is_cancelled_already_with_what_it_is_offered() -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    record = floor.state.records[booking.booking_id]
    assert isinstance(record, BookingRecord)
    scope = floor.scope()
    draft = Draft(scope, floor.now)
    displaced = displace(draft, record, MANAGER.actor, conflict_id=None, by=["k1"])
    apply(scope, draft.close(None))
    floor.ended[booking.booking_id] = displaced
    answer = accepted(cancel(floor, booking.booking_id))
    assert not answer.parts
    seen = booking_in(answer)
    assert (seen.status, seen.compensation) == ("cancelled", displaced.compensation)
    assert seen.compensation is not None


def test_a_reason_goes_with_the_rest_of_the_personal_data() -> None:
    floor = Floor()
    booking = booked(floor, "s1", contact=None, by=STAFF)
    accepted(cancel(floor, booking.booking_id, reason="Ann Lee is in hospital"))
    ended = floor.ended[booking.booking_id]
    accepted(
        floor.run(
            ErasePersonalData(
                channel=floor.state.key, asker=MANAGER, customer_id="ann", records=(ended,)
            )
        )
    )
    erased = floor.ended[booking.booking_id]
    assert isinstance(erased, BookingRecord)
    assert erased.status_reason is None
