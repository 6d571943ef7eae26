"""Offers, blocks and money: what is taken back, and what is paid too late."""

from __future__ import annotations

from tests.unit.domain.build import KEY, accepted, customer, rejected
from tests.unit.domain.waiting import ZOE, Queue, full, tables

from command_api.domain.commands import (
    RecordPayment,
)
from command_api.domain.records import HoldRecord
from holdfast.contracts.payments import PaymentEvent
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    OnConflict,
    SectionState,
    WaitlistStatus,
)
from holdfast.contracts.venues import Policy


def test_a_block_goes_ahead_of_those_who_wait() -> None:
    queue = Queue(sections=tables(4))
    queue.hold("t0", by=ZOE)
    entry = queue.join("ann", 2)
    queue.pass_time(300)
    queue.block("t0")
    assert queue.status(entry.entry_id) is WaitlistStatus.WAITING


def test_an_offer_that_a_block_takes_away_leaves_the_entry_its_place() -> None:
    queue, held = full(4, 4)
    for name in ("ann", "bob"):
        queue.join(name, 2)
    accepted(queue.release(held[0], by=ZOE))
    assert queue.offered("e1") == ["t0"]
    queue.block("t0", on_conflict=OnConflict.DISPLACE)
    entry = queue.entry("e1")
    assert (entry.status, entry.hold_id) == (WaitlistStatus.WAITING, None)
    assert queue.join("ann", 2).position == 1
    accepted(queue.release(held[1], by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == (["t1"], [])
    assert queue.entry("e1").hold_id == "hld_e1_2"
    for answered in (queue.accept, queue.decline):
        assert rejected(answered("hld_e1_1", customer("ann"))).code is Code.OFFER_EXPIRED
        assert rejected(answered("hld_e1_3", customer("ann"))).code is Code.OFFER_NOT_FOUND


def test_whose_offer_a_block_takes_away_is_offered_what_else_is_free() -> None:
    queue = Queue(sections=tables(4, 4))
    queue.join("ann", 2)
    assert queue.offered("e1") == ["t0"]
    queue.block("t0", on_conflict=OnConflict.DISPLACE)
    assert queue.offered("e1") == ["t1"]


def test_a_block_that_waits_comes_before_those_who_wait() -> None:
    queue, (held,) = full(4)
    queue.join("ann", 2)
    queue.block("t0", on_conflict=OnConflict.AFTER_RELEASE)
    accepted(queue.release(held, by=ZOE))
    assert queue.status("e1") is WaitlistStatus.WAITING
    assert queue.section("t0").state is SectionState.BLOCKED


def pay(queue: Queue, hold_id: str) -> None:
    event = PaymentEvent(
        type="payment.succeeded",
        transaction_id="tx",
        hold_id=hold_id,
        amount=100,
        currency="GBP",
        occurred_at=queue.now,
    )
    ended = queue.ended.get(hold_id)
    assert ended is None or isinstance(ended, HoldRecord)
    command = RecordPayment(
        channel=KEY, event=event, event_id="evt", record_id=hold_id, record=ended
    )
    accepted(queue.run(command))


def test_money_for_an_offer_that_was_taken_away_leaves_the_next_one_open() -> None:
    queue = Queue(sections=tables(4, 4))
    queue.join("ann", 2)
    queue.block("t0", on_conflict=OnConflict.DISPLACE)
    assert queue.offered("e1") == ["t1"]
    pay(queue, "hld_e1_1")
    assert queue.offered("e1") == ["t1"]
    hold = queue.ended["hld_e1_1"]
    assert isinstance(hold, HoldRecord)
    assert hold.refund_due == 100


def test_an_offer_that_is_paid_for_a_moment_late_is_accepted() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(4))
    queue.join("ann", 2)
    queue.pass_time(61)
    pay(queue, "hld_e1_1")
    assert queue.status("e1") is WaitlistStatus.ACCEPTED
    hold = queue.state.records["hld_e1_1"]
    assert isinstance(hold, HoldRecord)
    assert (hold.entry_id, hold.expires_at > queue.now) == (None, True)
