from __future__ import annotations

import pytest
from tests.unit.domain.build import DATE, NOW, STAFF, Floor, accepted, customer, rejected, venue
from tests.unit.domain.life import END

from command_api.domain.times import later
from holdfast.contracts.holds import Hold
from holdfast.contracts.problems import Code
from holdfast.contracts.states import HoldStatus, SectionState
from holdfast.contracts.venues import Policy, Slot, SlotException

BOB = customer("bob")


def test_extending_gives_every_section_an_event_with_the_new_time() -> None:
    floor = Floor()
    held = floor.hold("t2", "s1")
    floor.pass_time(100)
    decision = accepted(floor.extend(held.hold_id))
    assert [(e.version, e.section_id) for e in decision.events] == [
        (5, "t2-1"),
        (6, "t2-2"),
        (7, "s1"),
        (8, "t2"),
    ]
    for event in decision.events:
        assert event.previous_state == event.new_state == SectionState.HELD
        assert event.held_until == later(NOW, 400)
    assert decision.valid_until == held.expires_at
    assert isinstance(decision.answer, Hold)
    assert decision.answer.expires_at == later(NOW, 400)
    assert [notice.revision for notice in decision.notices] == [2]


def test_a_hold_is_not_extended_where_nothing_can_be_booked_any_more() -> None:
    floor = Floor()
    floor.now = later(END, -10)
    held = floor.hold("s1")
    assert accepted(floor.extend(held.hold_id, ttl=600)).valid_until == END
    floor.now = END
    denied = rejected(floor.extend(held.hold_id, ttl=900))
    assert (denied.code, denied.valid_from) == (Code.SLOT_CLOSED, END)
    accepted(floor.release(held.hold_id))


def test_only_staff_extend_on_a_date_that_was_closed() -> None:
    floor = Floor()
    held = floor.hold("s1")
    shut = SlotException(date=DATE, closed=True)
    floor.venue = venue(slots=[Slot(slot_id="late", start="21:00", end="27:00", exceptions=[shut])])
    floor.pass_time(100)
    assert rejected(floor.extend(held.hold_id)).code is Code.SLOT_CLOSED
    accepted(floor.extend(held.hold_id, by=STAFF))


def test_extending_never_shortens() -> None:
    floor = Floor()
    held = floor.hold("s1")
    decision = accepted(floor.extend(held.hold_id, ttl=10))
    assert decision.events == []
    assert isinstance(decision.answer, Hold)
    assert decision.answer.expires_at == held.expires_at


def test_extensions_end_at_the_cap() -> None:
    floor = Floor(Policy(max_hold_seconds=400))
    held = floor.hold("s1")
    floor.pass_time(200)
    answer = accepted(floor.extend(held.hold_id)).answer
    assert isinstance(answer, Hold)
    assert answer.expires_at == later(NOW, 400)
    denied = rejected(floor.extend(held.hold_id))
    assert (denied.code, denied.facts) == (Code.HOLD_LIMIT_REACHED, {"max": 400})


def test_releasing_frees_and_again_answers_the_same() -> None:
    floor = Floor()
    held = floor.hold("t2", "s1")
    first = accepted(floor.release(held.hold_id))
    assert [event.new_state for event in first.events] == ["available"] * 4
    assert [event.claims_removed for event in first.events] == [["h1"], ["h1"], ["h1"], []]
    floor.pass_time(60)
    again = accepted(floor.release(held.hold_id))
    assert again.events == []
    assert again.answer == first.answer
    assert not floor.state.claims
    assert not floor.state.records


def test_releasing_what_is_due_expires_it() -> None:
    floor = Floor()
    held = floor.hold("s1")
    floor.pass_time(301)
    decision = accepted(floor.release(held.hold_id))
    assert isinstance(decision.answer, Hold)
    assert decision.answer.status is HoldStatus.EXPIRED
    assert [event.reason for event in decision.events] == ["hold_expired"]
    assert accepted(floor.release(held.hold_id)).answer == decision.answer


@pytest.mark.parametrize("what", ["extend", "release", "try_confirm"])
def test_only_the_owner_and_staff_may_touch_a_hold(what: str) -> None:
    floor = Floor()
    held = floor.hold("s1")
    denied = rejected(getattr(floor, what)(held.hold_id, by=BOB))
    assert (denied.code, denied.facts) == (Code.HOLD_NOT_OWNED, {"holdIds": ["h1"]})
    accepted(getattr(floor, what)(held.hold_id, by=STAFF))


@pytest.mark.parametrize("what", ["extend", "release", "try_confirm"])
def test_a_hold_without_a_customer_is_for_staff_only(what: str) -> None:
    floor = Floor()
    held = floor.hold("s1", by=STAFF)
    assert rejected(getattr(floor, what)(held.hold_id, by=BOB)).code is Code.HOLD_NOT_OWNED


@pytest.mark.parametrize("what", ["extend", "release", "try_confirm"])
def test_an_unknown_hold_is_not_found(what: str) -> None:
    assert rejected(getattr(Floor(), what)("h99")).code is Code.HOLD_NOT_FOUND


@pytest.mark.parametrize("what", ["extend", "try_confirm"])
def test_an_expired_hold_is_gone_before_and_after_it_was_expired(what: str) -> None:
    floor = Floor()
    held = floor.hold("s1")
    floor.pass_time(300)
    denied = rejected(getattr(floor, what)(held.hold_id))
    assert (denied.code, denied.valid_from) == (Code.HOLD_EXPIRED, held.expires_at)
    floor.expire(held.hold_id)
    assert rejected(getattr(floor, what)(held.hold_id)).code is Code.HOLD_EXPIRED


@pytest.mark.parametrize("what", ["extend", "try_confirm"])
def test_a_released_hold_changes_no_more(what: str) -> None:
    floor = Floor()
    held = floor.hold("s1")
    floor.release(held.hold_id)
    denied = rejected(getattr(floor, what)(held.hold_id))
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": "released"})


@pytest.mark.parametrize("what", ["extend", "try_confirm", "release"])
def test_a_confirmed_hold_names_its_booking(what: str) -> None:
    floor = Floor()
    held = floor.hold("s1")
    booking = floor.confirm(held.hold_id)
    denied = rejected(getattr(floor, what)(held.hold_id))
    assert denied.code is Code.INVALID_TRANSITION
    assert denied.facts == {"currentStatus": "confirmed", "bookingId": booking.booking_id}
