"""Who comes while others wait: what newcomers find expired is not theirs before it is for those."""

from __future__ import annotations

from typing import Any

from tests.unit.domain.build import accepted, customer, rejected
from tests.unit.domain.waiting import ZOE, Queue, tables

from command_api.domain.times import later
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    SectionKind,
    WaitlistStatus,
)
from holdfast.contracts.venues import Category, Policy, Section


def test_what_a_newcomer_finds_expired_goes_to_who_waits() -> None:
    queue = Queue(sections=tables(4))
    hold = queue.hold("t0", by=ZOE)
    entry = queue.join("ann", 2)
    queue.pass_time(300)
    denied = rejected(queue.try_hold("t0", by=customer("bob")))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts["heldUntil"] == later(queue.now, 600)
    queue.expire(hold.hold_id)
    assert queue.offered(entry.entry_id) == ["t0"]


def test_a_newcomer_has_what_nobody_who_waits_can_use() -> None:
    queue = Queue(sections=tables(4, 6))
    queue.hold("t0", by=ZOE)
    queue.hold("t1", by=ZOE)
    entry = queue.join("ann", 5)
    queue.pass_time(300)
    queue.hold("t0", by=customer("bob"))
    assert queue.status(entry.entry_id) is WaitlistStatus.WAITING


def test_a_newcomer_shares_a_pool_with_those_who_wait() -> None:
    queue = Queue(sections=[Section(section_id="p", kind=SectionKind.POOL, capacity=5)])
    queue.hold("p", quantities={"p": 5}, by=ZOE)
    entry = queue.join("ann", 2)
    queue.pass_time(300)
    denied = rejected(queue.try_hold("p", quantities={"p": 4}, by=customer("bob")))
    assert (denied.facts["requested"], denied.facts["available"]) == (4, 3)
    queue.hold("p", quantities={"p": 3}, by=customer("bob"))
    assert queue.offered(entry.entry_id) == ["p"]
    assert queue.section("p").capacity.available == 0


def test_what_is_offered_out_of_a_hold_that_ran_out_is_not_held_by_who_came_upon_it() -> None:
    """Bob asks for a seat that is free, and for one whose hold has run out: what that leaves makes two
    seats side by side for Ann, one of them the free one."""
    seats = [
        Section(section_id=f"a{n}", kind=SectionKind.SEAT, row_label="A", seat_number=n)
        for n in range(4)
    ]
    queue = Queue(Policy(hold_ttl_seconds=60), sections=seats)
    queue.book("a2")
    queue.hold("a1", "a3", by=ZOE)
    queue.join("ann", 2)
    queue.pass_time(60)
    for wanted in (("a0", "a3"), ("a3", "a0")):
        denied = rejected(queue.try_hold(*wanted, by=customer("bob")))
        assert denied.facts["conflictingSections"] == ["a0"]
    accepted(queue.try_hold("a3", by=customer("bob")))
    assert queue.offered("e1") == ["a0", "a1"]
    assert len(queue.state.claims["a0"]) == 1


def test_who_lets_the_server_choose_gets_what_nobody_waits_for() -> None:
    """Gold is the best, and due: it goes to Ann, who waits for it, and Bob has what is left."""
    kinds = [Category(category_id="gold"), Category(category_id="tin")]
    sections = [
        Section(section_id=kind.category_id, category_id=kind.category_id, party_max=4)
        for kind in kinds
    ]
    queue = Queue(Policy(hold_ttl_seconds=60), sections=sections, categories=kinds)
    queue.hold("gold", by=ZOE)
    queue.join("ann", 2, "gold")
    queue.pass_time(60)
    wish: dict[str, Any] = {"best_available": BestAvailable(quantity=1), "by": customer("bob")}
    assert queue.hold(**wish).section_ids == ["tin"]
    assert queue.offered("e1") == ["gold"]
    denied = rejected(queue.try_hold(**wish))
    assert denied.facts["conflictingSections"] == []
