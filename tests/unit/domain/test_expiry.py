from __future__ import annotations

from tests.unit.domain.build import Floor

from holdfast.contracts.states import SectionState


def test_only_what_is_due_is_expired() -> None:
    floor = Floor()
    first = floor.hold("t2")
    floor.pass_time(100)
    second = floor.hold("s1")
    floor.pass_time(200)
    decision = floor.expire(second.hold_id, first.hold_id, "h99")
    assert [event.section_id for event in decision.events] == ["t2-1", "t2-2", "t2"]
    assert decision.valid_from == first.expires_at
    assert decision.answer is None
    assert floor.section("s1").state is SectionState.HELD


def test_nothing_due_is_a_decision_without_events() -> None:
    floor = Floor()
    held = floor.hold("s1")
    booking = floor.confirm(held.hold_id)
    floor.pass_time(100_000)
    decision = floor.expire(held.hold_id, booking.booking_id)
    assert not (decision.events or decision.records or decision.notices)


def test_a_record_named_twice_is_expired_once() -> None:
    floor = Floor()
    held = floor.hold("s1")
    floor.pass_time(300)
    assert len(floor.expire(held.hold_id, held.hold_id).events) == 1
