from __future__ import annotations

import msgspec
from tests.unit.domain.build import DATE, MANAGER, Floor, accepted, rejected

from holdfast.contracts.blocks import Block
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionState
from holdfast.contracts.venues import Slot, SlotException


def test_a_block_takes_all_of_what_it_names_and_tables_by_their_seats() -> None:
    floor = Floor()
    block = floor.block("t2", "p")
    assert block.section_ids == ["t2-1", "t2-2", "p"]
    for section_id in ("t2", "t2-1", "t2-2", "p"):
        section = floor.section(section_id)
        assert (section.state, section.capacity.available) == ("blocked", 0)


def test_without_sections_the_whole_night_is_blocked() -> None:
    floor = Floor()
    decision = accepted(floor.try_block())
    assert {section.state for section in floor.sections().values()} == {SectionState.BLOCKED}
    assert [event.section_id for event in decision.events][-2:] == ["t1", "t2"]
    assert len(decision.events) == len(floor.venue.units)


def test_what_is_taken_cannot_be_blocked() -> None:
    floor = Floor()
    floor.confirm(floor.hold("s1").hold_id)
    floor.hold("p")
    denied = rejected(floor.try_block("s1", "s2", "p"))
    assert denied.code is Code.BLOCK_CONFLICT
    assert denied.facts == {"conflictingSections": ["s1", "p"]}
    assert floor.section("s2").state is SectionState.AVAILABLE


def test_expired_holds_do_not_stand_in_the_way() -> None:
    floor = Floor()
    floor.hold("s1")
    floor.pass_time(300)
    decision = accepted(floor.try_block("s1"))
    assert [event.reason for event in decision.events] == ["hold_expired", "block_created"]


def test_blocks_may_overlap_and_the_last_one_counts() -> None:
    floor = Floor()
    one = floor.block("s1", "p")
    two = floor.block("s1", "p")
    accepted(floor.unblock(one.block_id))
    assert floor.section("s1").state is SectionState.BLOCKED
    assert floor.section("p").capacity.available == 0
    accepted(floor.unblock(two.block_id))
    assert floor.section("s1").state is SectionState.AVAILABLE
    assert floor.section("p").capacity.available == 5


def test_removing_again_answers_the_same() -> None:
    floor = Floor()
    block = floor.block("t1")
    first = accepted(floor.unblock(block.block_id))
    assert [event.reason for event in first.events] == ["block_removed"] * 5
    floor.pass_time(9)
    again = accepted(floor.unblock(block.block_id))
    assert (again.events, again.answer) == ([], first.answer)
    assert rejected(floor.unblock("k99")).code is Code.BLOCK_NOT_FOUND


def test_a_slot_that_is_over_cannot_be_blocked_and_a_closed_one_can() -> None:
    floor = Floor()
    block = floor.block("s1")
    floor.now = "2026-02-16T03:00:00.000Z"
    denied = rejected(floor.try_block("s2"))
    assert (denied.code, denied.valid_from) == (Code.SLOT_CLOSED, floor.now)
    accepted(floor.unblock(block.block_id))
    shut = Slot(
        slot_id="late",
        start="21:00",
        end="03:00",
        exceptions=[SlotException(date=DATE, closed=True)],
    )
    assert Floor(slots=[shut]).block("s1").status == "active"


def test_a_block_says_who_made_it() -> None:
    floor = Floor()
    decision = accepted(floor.try_block("s1", by=MANAGER, reason="private event"))
    assert isinstance(decision.answer, Block)
    assert (decision.answer.actor, decision.answer.reason) == (MANAGER.actor, "private event")
    assert [event.actor for event in decision.events] == [MANAGER.actor]
    (notice,) = decision.notices
    assert (notice.type, notice.actor, notice.section_ids) == (
        "block.created",
        MANAGER.actor,
        ["s1"],
    )
    assert "private event" not in msgspec.json.encode(notice).decode()


def test_unknown_sections_and_slots() -> None:
    assert rejected(Floor().try_block("s9")).code is Code.SECTION_NOT_FOUND
