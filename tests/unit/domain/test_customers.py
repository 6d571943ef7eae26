"""Warnings before a hold ends, erasure of personal data, guests."""

from __future__ import annotations

from tests.unit.domain.build import KEY, MANAGER, Floor, accepted, customer, rejected

from command_api.domain.commands import ErasePersonalData, WarnExpiring
from command_api.domain.decision import Decision
from command_api.domain.records import BookingRecord, Record
from holdfast.contracts.customers import Erasure
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy


def warn(floor: Floor, *hold_ids: str) -> Decision:
    return accepted(floor.run(WarnExpiring(channel=KEY, record_ids=hold_ids)))


def erase(floor: Floor, *records: Record, customer_id: str = "ann") -> Erasure:
    command = ErasePersonalData(
        channel=KEY, asker=MANAGER, customer_id=customer_id, records=records
    )
    answer = accepted(floor.run(command)).answer
    assert isinstance(answer, Erasure)
    return answer


def test_a_customer_is_told_once_that_a_hold_ends_within_the_minute() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    floor.pass_time(239)
    assert not warn(floor, hold.hold_id).parts
    floor.pass_time(1)
    told = warn(floor, hold.hold_id)
    assert [notice.type for notice in told.notices] == [NoticeType.HOLD_EXPIRING]
    assert told.notices[0].data["expiresAt"] == hold.expires_at
    assert not told.events
    assert not warn(floor, hold.hold_id).parts


def test_an_extended_hold_is_told_of_again_and_one_past_its_end_never() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    floor.pass_time(250)
    assert warn(floor, hold.hold_id).notices
    accepted(floor.extend(hold.hold_id, 300))
    assert not warn(floor, hold.hold_id).notices
    floor.pass_time(245)
    assert warn(floor, hold.hold_id).notices
    other = floor.hold("s2", by=customer("bob"))
    floor.pass_time(300)
    assert not warn(floor, other.hold_id).notices


def test_a_hold_of_a_moment_and_one_for_nobody_are_not_told_of() -> None:
    floor = Floor()
    short = floor.hold("s1", ttl_seconds=60)
    walk_in = floor.hold("s2", by=MANAGER)
    floor.pass_time(30)
    assert not warn(floor, short.hold_id).parts
    floor.pass_time(220)
    assert not warn(floor, walk_in.hold_id).parts


def test_erasure_leaves_claims_money_and_reference_and_takes_all_personal_data() -> None:
    floor = Floor()
    active = floor.confirm(floor.hold("s1").hold_id, notes="allergic", metadata={"x": "y"})
    ended = floor.confirm(floor.hold("s2").hold_id)
    accepted(floor.cancel(ended.booking_id))
    before = floor.state.version
    erased = erase(floor, floor.ended[ended.booking_id])
    assert set(erased.erased_booking_ids) == {active.booking_id, ended.booking_id}
    assert erased.active_booking_ids == [active.booking_id]
    for record in (floor.state.records[active.booking_id], floor.ended[ended.booking_id]):
        assert isinstance(record, BookingRecord)
        assert (record.contact, record.notes, record.metadata) == (None, None, {})
        assert record.reference
    assert floor.state.version == before
    assert floor.state.claims["s1"]
    assert erase(floor).erased_booking_ids == []


def test_erasure_touches_no_other_customer() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("s1", by=customer("bob")).hold_id, by=customer("bob"))
    assert erase(floor).erased_booking_ids == []
    record = floor.state.records[booking.booking_id]
    assert isinstance(record, BookingRecord)
    assert record.contact is not None


def test_a_guest_books_only_where_the_policy_lets_guests() -> None:
    guest = customer("guest_1", is_guest=True)
    assert rejected(Floor().try_hold("s1", by=guest)).code is Code.ACTION_NOT_PERMITTED
    Floor(Policy(guest_checkout=True)).hold("s1", by=guest)
