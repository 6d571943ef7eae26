"""Who is passed over: customers at a limit, and slots that can be booked no more."""

from __future__ import annotations

import pytest
from tests.unit.domain.build import KEY, accepted, customer, rejected
from tests.unit.domain.waiting import ZOE, Queue, full, tables

from command_api.domain.commands import (
    ReleaseHold,
)
from command_api.domain.decide import decide
from command_api.domain.model import Missing, Quota, Scope
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    SectionKind,
    WaitlistStatus,
)
from holdfast.contracts.venues import Policy, Section


def test_an_offer_ends_with_the_time_to_book() -> None:
    queue = Queue(sections=tables(4))
    queue.now = "2026-02-16T02:58:00.000Z"
    entry = queue.join("ann", 2)
    assert entry.offer is not None
    assert entry.offer.expires_at == "2026-02-16T03:00:00.000Z"
    assert queue.decisions[-1].valid_until == "2026-02-16T03:00:00.000Z"


def test_nothing_is_offered_once_the_slot_is_over() -> None:
    queue, (held,) = full(4)
    queue.join("ann", 2)
    queue.now = "2026-02-16T03:00:00.000Z"
    queue.expire(held)
    assert queue.status("e1") is WaitlistStatus.WAITING
    queue.serve()
    assert queue.status("e1") is WaitlistStatus.EXPIRED


def test_a_customer_at_a_limit_is_passed_over_until_below_it() -> None:
    policy = Policy(max_active_holds_per_customer=1)
    queue = Queue(policy, sections=tables(4, 4, 4))
    own = queue.hold("t0", by=customer("ann"))
    second, third = queue.hold("t1", by=ZOE), queue.hold("t2", by=customer("yan"))
    queue.join("ann", 2)
    queue.join("bob", 2)
    accepted(queue.release(second.hold_id, by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == ([], ["t1"])
    accepted(queue.release(own.hold_id, by=customer("ann")))
    assert queue.offered("e1") == ["t0"], "released and offered in one outcome"
    assert third.hold_id in queue.state.records


def test_tables_of_the_night_count_for_offers_too() -> None:
    queue = Queue(Policy(max_tables_per_customer_per_date=1), sections=tables(4, 4))
    queue.book("t0", "ann")
    hold = queue.hold("t1", by=ZOE)
    queue.join("ann", 2)
    accepted(queue.release(hold.hold_id, by=ZOE))
    assert queue.status("e1") is WaitlistStatus.WAITING


@pytest.mark.parametrize(
    "policy",
    [Policy(max_active_holds_per_customer=1), Policy(max_tables_per_customer_per_date=1)],
)
def test_an_offer_counts_at_once_where_its_customer_asks_for_more(policy: Policy) -> None:
    pool = Section(section_id="p", kind=SectionKind.POOL, capacity=4)
    queue = Queue(policy, sections=[pool])
    queue.hold("p", quantities={"p": 4}, by=ZOE)
    queue.join("ann", 2)
    queue.pass_time(301)  # nobody has swept it: whoever comes next finds it, Ann herself
    denied = rejected(queue.try_hold("p", quantities={"p": 2}, by=customer("ann")))
    assert denied.code in (Code.HOLD_LIMIT_REACHED, Code.MAX_TABLES_EXCEEDED)
    accepted(queue.try_hold("p", quantities={"p": 2}, by=customer("bob")))
    assert queue.offered("e1") == ["p"]


def test_what_limits_a_customer_is_asked_for_where_it_was_not_loaded() -> None:
    queue = Queue(Policy(max_active_holds_per_customer=1), sections=tables(4))
    hold = queue.hold("t0", by=ZOE)
    queue.join("ann", 2)
    zoes = {key: quota for key, quota in queue.quotas.items() if key.customer_id == "zoe"}
    command = ReleaseHold(channel=KEY, asker=ZOE, hold_id=hold.hold_id, record=None)
    with pytest.raises(Missing) as missing:
        decide(Scope(queue.venue, queue.state, {}, zoes), command, queue.now)
    assert [key.customer_id for key in missing.value.quotas] == ["ann"]
    loaded = zoes | {key: Quota(key, queue.venue.revision) for key in missing.value.quotas}
    accepted(decide(Scope(queue.venue, queue.state, {}, loaded), command, queue.now))
