"""Blocks with `onConflict: displace`: what is in the way loses all it has."""

from __future__ import annotations

from tests.unit.domain.build import (
    CONTACT,
    KEY,
    MANAGER,
    STAFF,
    Floor,
    accepted,
    customer,
    rejected,
)

from command_api.domain.commands import Asker
from command_api.domain.decision import Decision
from command_api.domain.records import BookingRecord, ConflictRecord, HoldRecord
from holdfast.contracts.blocks import Block
from holdfast.contracts.bookings import Payment
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    BookingStatus,
    HoldStatus,
    OnConflict,
    PaymentStatus,
    SectionState,
)
from holdfast.contracts.venues import Policy, Slot

BOB = customer("bob")
LATE = KEY
EARLY, DINNER = KEY._replace(slot="early"), KEY._replace(slot="dinner")
SLOTS = [
    Slot(slot_id="early", start="19:00", end="22:00"),
    Slot(slot_id="late", start="21:00", end="24:00"),
    Slot(slot_id="dinner", start="23:00", end="26:00"),
]


def displace(floor: Floor, *sections: str, by: Asker = MANAGER) -> Decision:
    return accepted(floor.try_block(*sections, by=by, on_conflict=OnConflict.DISPLACE))


def block_of(decision: Decision) -> Block:
    assert isinstance(decision.answer, Block)
    return decision.answer


def in_channel(floor: Floor, key: ChannelKey) -> Floor:
    """The same venue and people, acting on another channel."""
    floor.state = floor.channels.get(key)
    return floor


def test_holds_are_released_and_their_customers_told() -> None:
    floor = Floor()
    mine, theirs = floor.hold("s1", "s3"), floor.hold("p", by=BOB)
    decision = displace(floor, "s1", "p", by=STAFF)
    block = block_of(decision)
    assert (block.released_hold_ids, block.displaced_booking_ids) == (
        [mine.hold_id, theirs.hold_id],
        [],
    )
    record = floor.ended[mine.hold_id]
    assert isinstance(record, HoldRecord)
    assert record.status is HoldStatus.RELEASED
    told = {n.object_id: n for n in decision.notices if n.type == "hold.released"}
    assert {n.customer_id for n in told.values()} == {"ann", "bob"}
    assert all(n.actor == STAFF.actor for n in told.values())
    assert told[mine.hold_id].data["displacedBy"] == [block.block_id]
    assert floor.section("s3").state is SectionState.AVAILABLE
    assert floor.section("p").state is SectionState.BLOCKED
    again = accepted(floor.release(mine.hold_id))
    assert again.events == []


def test_a_booking_loses_all_its_sections_and_is_compensated() -> None:
    floor = Floor()
    booking = floor.confirm(
        floor.hold("s1", "s2").hold_id,
        by=STAFF,
        payment=Payment(method="card", transaction_id="tx", gateway="x"),
    )
    block = block_of(displace(floor, "s1"))
    assert block.displaced_booking_ids == [booking.booking_id]
    lost = floor.ended[booking.booking_id]
    assert isinstance(lost, BookingRecord)
    assert lost.status is BookingStatus.CANCELLED
    assert lost.compensation is not None
    (conflict_id,) = block.conflict_ids
    assert lost.conflict_id == conflict_id
    conflict = floor.ended[conflict_id]
    assert isinstance(conflict, ConflictRecord)
    assert (conflict.section_ids, conflict.booking_ids) == (["s1"], [booking.booking_id])
    assert (conflict.winner_id, conflict.resolved_by) == (block.block_id, "mia")
    assert conflict.compensations == {booking.booking_id: lost.compensation}
    assert floor.section("s2").state is SectionState.AVAILABLE
    assert floor.section("s1").state is SectionState.BLOCKED


def test_what_follows_from_a_displacement_is_told_in_order() -> None:
    floor = Floor()
    floor.confirm(floor.hold("s1").hold_id)
    decision = displace(floor, "s1")
    assert [event.reason for event in decision.events] == ["booking_displaced", "block_created"]
    assert [(event.previous_state, event.new_state) for event in decision.events] == [
        ("confirmed", "available"),
        ("available", "blocked"),
    ]
    assert [notice.type for notice in decision.notices] == [
        "booking.cancelled",
        "compensation.due",
        "conflict.resolved",
        "block.created",
    ]
    assert CONTACT.name not in str(decision.notices)


def test_staff_may_not_displace_a_booking() -> None:
    floor = Floor()
    floor.hold("s2")
    booking = floor.confirm(floor.hold("s1").hold_id)
    denied = rejected(floor.try_block("s1", "s2", by=STAFF, on_conflict=OnConflict.DISPLACE))
    assert denied.code is Code.ACTION_NOT_PERMITTED
    assert floor.section("s1").claims[0].claim_id == booking.booking_id
    assert floor.section("s2").state is SectionState.HELD


def test_requests_give_way_too_and_what_was_paid_is_due_back() -> None:
    floor = Floor(Policy(requires_approval=True))
    booking = floor.confirm(floor.hold("s1").hold_id)
    assert booking.status is BookingStatus.PENDING_APPROVAL
    displace(floor, "s1")
    lost = floor.ended[booking.booking_id]
    assert isinstance(lost, BookingRecord)
    assert (lost.status, lost.approval_expires_at) == (BookingStatus.CANCELLED, None)
    assert lost.payment_status in (PaymentStatus.NONE, PaymentStatus.REFERENCED)


def test_guests_who_are_there_stay() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("s1").hold_id)
    record = floor.state.records[booking.booking_id]
    assert isinstance(record, BookingRecord)
    record.status = BookingStatus.CHECKED_IN
    denied = rejected(floor.try_block(by=MANAGER, on_conflict=OnConflict.DISPLACE))
    assert denied.code is Code.BLOCK_CONFLICT
    assert denied.facts == {"conflictingSections": ["s1"]}


def test_a_booking_of_an_overlapping_slot_gives_way_in_its_own_channel() -> None:
    floor = Floor(slots=SLOTS)
    in_channel(floor, EARLY)
    booking = floor.confirm(floor.hold("s1", "s2").hold_id)
    in_channel(floor, LATE)
    decision = displace(floor, "s1")
    block = block_of(decision)
    assert block.displaced_booking_ids == [booking.booking_id]
    assert set(decision.parts) == {EARLY, LATE, DINNER}
    (conflict,) = (r for r in decision.records if isinstance(r, ConflictRecord))
    assert conflict.channel == EARLY
    early = floor.channels.get(EARLY)
    assert set(early.claims) == {"s1"}
    assert set(early.claims["s1"]) == {block.block_id}
    accepted(floor.unblock(block.block_id))
    assert not any(floor.channels.get(key).claims for key in (EARLY, LATE, DINNER))


def test_of_many_each_has_a_conflict_of_its_own() -> None:
    floor = Floor()
    first = floor.confirm(floor.hold("t1").hold_id)
    second = floor.confirm(floor.hold("p", by=BOB, quantities={"p": 2}).hold_id, by=BOB)
    block = block_of(displace(floor))
    assert block.displaced_booking_ids == [first.booking_id, second.booking_id]
    assert len(set(block.conflict_ids)) == 2
    conflict = floor.ended[block.conflict_ids[0]]
    assert isinstance(conflict, ConflictRecord)
    assert conflict.section_ids == ["t1-1", "t1-2", "t1-3", "t1-4"]
    assert {section.state for section in floor.sections().values()} == {SectionState.BLOCKED}


def test_what_is_due_expires_and_is_not_displaced() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    floor.pass_time(300)
    decision = displace(floor, "s1", by=STAFF)
    assert block_of(decision).released_hold_ids == []
    assert floor.ended[hold.hold_id].status is HoldStatus.EXPIRED  # type: ignore[union-attr]


def test_with_nothing_in_the_way_it_is_a_block_like_any_other() -> None:
    floor = Floor()
    block = block_of(displace(floor, "t2", by=STAFF))
    assert (block.section_ids, block.waiting_section_ids) == (["t2-1", "t2-2"], [])
