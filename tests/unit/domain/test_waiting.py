"""Blocks with `onConflict: after_release`: what is taken is blocked once its last claim has gone."""

from __future__ import annotations

import time

from tests.unit.domain.build import KEY, MANAGER, STAFF, Floor, accepted, customer, rejected, venue
from tests.unit.domain.plain import Reader

from command_api.domain.commands import Asker
from command_api.domain.records import BlockRecord
from holdfast.contracts.blocks import Block
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BlockStatus, ClaimKind, OnConflict, SectionState
from holdfast.contracts.venues import Policy, Section, Slot

LATE = KEY
EARLY, DINNER = KEY._replace(slot="early"), KEY._replace(slot="dinner")
SLOTS = [
    Slot(slot_id="early", start="19:00", end="22:00"),
    Slot(slot_id="late", start="21:00", end="24:00"),
    Slot(slot_id="dinner", start="23:00", end="26:00"),
]


def after_release(floor: Floor, *sections: str, by: Asker = STAFF) -> Block:
    decision = accepted(floor.try_block(*sections, by=by, on_conflict=OnConflict.AFTER_RELEASE))
    assert isinstance(decision.answer, Block)
    return decision.answer


def record_of(floor: Floor, block: Block, key: ChannelKey = KEY) -> BlockRecord:
    record = floor.channels.get(key).records[block.block_id]
    assert isinstance(record, BlockRecord)
    return record


def kinds(floor: Floor, key: ChannelKey, section_id: str) -> list[ClaimKind]:
    return [claim.kind for claim in floor.channels.get(key).claims.get(section_id, {}).values()]


def at(floor: Floor, key: ChannelKey) -> Floor:
    floor.state = floor.channels.get(key)
    return floor


def test_what_is_free_is_blocked_at_once_and_the_rest_once_it_is_left() -> None:
    floor = Floor()
    hold = floor.hold("s1", "s2")
    block = after_release(floor, "s1", "s3")
    assert (block.section_ids, block.waiting_section_ids) == (["s3", "s1"], ["s1"])
    assert floor.section("s1").state is SectionState.HELD
    assert floor.section("s3").state is SectionState.BLOCKED
    decision = accepted(floor.release(hold.hold_id))
    assert [(e.section_id, e.new_state, e.reason) for e in decision.events] == [
        ("s1", "available", "hold_released"),
        ("s2", "available", "hold_released"),
        ("s1", "blocked", "block_created"),
    ]
    assert decision.events[-1].actor == STAFF.actor
    record = record_of(floor, block)
    assert (record.claims, record.waiting, record.revision) == ({"s3": 1, "s1": 1}, [], 2)
    assert not floor.state.waiting
    accepted(floor.unblock(block.block_id))
    assert floor.section("s1").state is SectionState.AVAILABLE


def test_a_hold_on_a_waiting_section_can_be_extended_and_confirmed() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    block = after_release(floor, "s1")
    accepted(floor.extend(hold.hold_id, ttl=600))
    booking = floor.confirm(hold.hold_id)
    assert floor.section("s1").state is SectionState.CONFIRMED
    accepted(floor.cancel(booking.booking_id))
    assert floor.section("s1").state is SectionState.BLOCKED
    assert record_of(floor, block).waiting == []


def test_the_sweeper_hands_over_what_expires() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    after_release(floor, "s1")
    floor.pass_time(301)
    floor.expire(hold.hold_id)
    assert floor.section("s1").state is SectionState.BLOCKED


def test_nobody_gets_in_between_an_expired_hold_and_the_block() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    after_release(floor, "s1")
    floor.pass_time(301)
    denied = rejected(floor.try_hold("s1", by=customer("bob")))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    floor.expire(hold.hold_id)
    assert kinds(floor, KEY, "s1") == [ClaimKind.BLOCK]


def test_a_table_is_waited_for_seat_by_seat() -> None:
    floor = Floor()
    seat = floor.hold("t2-1")
    block = after_release(floor, "t2")
    assert block.waiting_section_ids == ["t2-1"]
    assert floor.section("t2").state is SectionState.BLOCKED
    decision = accepted(floor.release(seat.hold_id))
    assert [event.section_id for event in decision.events] == ["t2-1", "t2", "t2-1", "t2"]
    assert floor.section("t2").state is SectionState.BLOCKED
    accepted(floor.unblock(block.block_id))
    assert floor.section("t2").capacity.available == 2


def test_a_pool_is_blocked_at_once_and_who_is_in_stays() -> None:
    floor = Floor()
    hold = floor.hold("p", quantities={"p": 2})
    block = after_release(floor, "p")
    assert block.waiting_section_ids == []
    section = floor.section("p")
    assert (section.state, section.capacity.available, section.capacity.over_committed) == (
        "blocked",
        0,
        0,
    )
    assert rejected(floor.try_hold("p", by=customer("bob"))).code is Code.SECTION_NOT_AVAILABLE
    floor.confirm(hold.hold_id)
    accepted(floor.unblock(block.block_id))
    assert floor.section("p").capacity.available == 3


def test_two_blocks_may_wait_for_the_same_section() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    one, two = after_release(floor, "s1"), after_release(floor, "s1", "s2")
    accepted(floor.release(hold.hold_id))
    assert kinds(floor, KEY, "s1") == [ClaimKind.BLOCK, ClaimKind.BLOCK]
    accepted(floor.unblock(one.block_id))
    assert floor.section("s1").state is SectionState.BLOCKED
    accepted(floor.unblock(two.block_id))
    assert floor.section("s1").state is SectionState.AVAILABLE


def test_a_block_that_is_removed_waits_no_more() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    block = after_release(floor, "s1", "s2")
    decision = accepted(floor.unblock(block.block_id))
    assert [event.section_id for event in decision.events] == ["s2"]
    assert floor.ended[block.block_id].status is BlockStatus.REMOVED  # type: ignore[union-attr]
    accepted(floor.release(hold.hold_id))
    assert floor.section("s1").state is SectionState.AVAILABLE
    again = accepted(floor.unblock(block.block_id))
    assert (again.events, again.answer) == ([], decision.answer)


def test_a_block_that_waits_for_everything_makes_no_event_yet() -> None:
    floor = Floor()
    floor.hold("s1")
    version = floor.state.version
    block = after_release(floor, "s1")
    assert (block.version, block.status) == (version, BlockStatus.ACTIVE)
    assert floor.state.version == version


def test_displacing_hands_over_to_those_who_waited_before() -> None:
    floor = Floor()
    floor.confirm(floor.hold("s1", "s2").hold_id)
    waiting = after_release(floor, "s2")
    accepted(floor.try_block("s1", by=MANAGER, on_conflict=OnConflict.DISPLACE))
    assert floor.section("s2").claims[0].claim_id == waiting.block_id
    assert floor.section("s1").state is SectionState.BLOCKED


def check_it_has_all_and_leaves_nothing(floor: Floor, block: Block) -> None:
    """Of `s1`, in each of the slots."""
    for key in (EARLY, LATE, DINNER):
        assert kinds(floor, key, "s1") == [ClaimKind.BLOCK]
    accepted(at(floor, LATE).unblock(block.block_id))
    assert not any(floor.channels.get(key).claims for key in (EARLY, LATE, DINNER))


def test_claims_of_overlapping_slots_are_waited_for() -> None:
    floor = Floor(slots=SLOTS)
    hold = at(floor, EARLY).hold("s1")
    block = after_release(at(floor, LATE), "s1")
    assert block.waiting_section_ids == ["s1"]
    assert kinds(floor, EARLY, "s1") == [ClaimKind.HOLD]
    decision = accepted(at(floor, EARLY).release(hold.hold_id))
    assert set(decision.parts) == {EARLY, LATE}
    check_it_has_all_and_leaves_nothing(floor, block)


def test_a_neighbour_in_which_nobody_is_cannot_keep_the_block_waiting() -> None:
    floor = Floor(slots=SLOTS)
    hold = at(floor, EARLY).hold("s1")
    block = after_release(at(floor, LATE), "s1")
    assert kinds(floor, DINNER, "s1") == [ClaimKind.BLOCK]
    assert rejected(at(floor, DINNER).try_hold("s1")).code is Code.SECTION_NOT_AVAILABLE
    record = record_of(floor, block)
    assert record.spans == [DINNER.name]
    accepted(at(floor, LATE).unblock(block.block_id))
    assert kinds(floor, DINNER, "s1") == []
    assert kinds(floor, LATE, "s1") == [ClaimKind.HOLD]
    accepted(at(floor, EARLY).release(hold.hold_id))


def test_who_leaves_a_neighbour_leaves_it_to_the_block_while_that_waits_for_another() -> None:
    floor = Floor(slots=SLOTS)
    early = at(floor, EARLY).hold("s1", "s2")
    dinner = at(floor, DINNER).hold("s1", by=customer("bob"))
    block = after_release(at(floor, LATE), "s1", "s2")
    accepted(at(floor, EARLY).release(early.hold_id))
    assert kinds(floor, EARLY, "s1") == kinds(floor, LATE, "s2") == [ClaimKind.BLOCK]
    assert kinds(floor, LATE, "s1") == kinds(floor, DINNER, "s1") == [ClaimKind.HOLD]
    denied = rejected(at(floor, EARLY).try_hold("s1", by=customer("cat")))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    record = record_of(floor, block)
    assert (record.waiting, record.spans) == (["s1"], [DINNER.name, EARLY.name])
    accepted(at(floor, DINNER).release(dinner.hold_id, by=customer("bob")))
    check_it_has_all_and_leaves_nothing(floor, block)


def test_unblocking_gives_back_a_neighbour_that_the_block_took_while_it_waited() -> None:
    floor = Floor(slots=SLOTS)
    early = at(floor, EARLY).hold("s1")
    at(floor, DINNER).hold("s1", by=customer("bob"))
    block = after_release(at(floor, LATE), "s1")
    accepted(at(floor, EARLY).release(early.hold_id))
    accepted(at(floor, LATE).unblock(block.block_id))
    assert kinds(floor, EARLY, "s1") == []
    at(floor, EARLY).hold("s1", by=customer("cat"))


def test_a_section_that_was_made_larger_meanwhile_lets_nobody_in() -> None:
    floor = Floor()
    hold = floor.hold("s1")
    block = after_release(floor, "s1")
    floor.venue = venue(sections=[Section(section_id="s1", capacity=3)])
    assert rejected(floor.try_hold("s1", by=customer("bob"))).code is Code.SECTION_NOT_AVAILABLE
    accepted(floor.release(hold.hold_id))
    assert record_of(floor, block).claims == {"s1": 3}
    assert floor.section("s1").state is SectionState.BLOCKED


def test_what_limits_bind_does_not_reach_blocks() -> None:
    floor = Floor(Policy(max_tables_per_customer_per_date=1, max_active_holds_per_customer=1))
    hold = floor.hold("s1")
    after_release(floor, "s1")
    accepted(floor.release(hold.hold_id))
    floor.hold("s2")
    assert floor.section("s1").state is SectionState.BLOCKED


def test_a_reader_of_the_stream_sees_what_snapshots_show() -> None:
    floor = Floor()
    reader = Reader(floor.sections())
    hold = floor.hold("t1", "s1", "p")
    after_release(floor)
    accepted(floor.release(hold.hold_id))
    for decision in floor.decisions:
        for event in decision.events:
            reader.read(event)
    assert all(reader.agrees_with(section) for section in floor.sections().values())
    assert {section.state for section in floor.sections().values()} == {SectionState.BLOCKED}


def test_a_night_of_ten_thousand_is_blocked_and_given_back_in_no_time() -> None:
    """Nothing is quadratic: twice the seats cost about twice the time."""
    floor = Floor(sections=[Section(section_id=f"s{n}") for n in range(10_000)])
    holds = [floor.hold(*(f"s{n}" for n in range(m, m + 50)), by=STAFF) for m in range(0, 2000, 50)]
    before = time.perf_counter()
    block = after_release(floor)
    assert len(block.waiting_section_ids) == 2000
    for hold in holds:
        accepted(floor.release(hold.hold_id, by=STAFF))
    assert not record_of(floor, block).waiting
    accepted(floor.unblock(block.block_id))
    assert time.perf_counter() - before < 3
