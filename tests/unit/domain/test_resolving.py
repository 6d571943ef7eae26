"""Bookings in conflict: who wins, by rule or by word, and what the others are offered."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import KEY, STAFF, accepted, customer, rejected
from tests.unit.domain.syncing import EARLY, LATE, Sync

from command_api.domain.commands import CancelBooking
from command_api.domain.records import ConflictRecord
from holdfast.contracts.bookings import CompensationOffer
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    BookingStatus,
    OnConflict,
    PaymentStatus,
    Reason,
    SectionState,
)
from holdfast.contracts.venues import Compensation, Deposit, Policy, Slot


@pytest.fixture
def sync() -> Sync:
    return Sync()


def test_who_booked_earlier_wins_by_rule_and_the_other_is_compensated(sync: Sync) -> None:
    there = sync.booked("s1", "s2")
    sync.add("x1", "s1")
    conflict = sync.resolve("c-x1")
    assert (conflict.winner_id, conflict.resolved_by) == ("i-x1", "rule")
    assert conflict.compensations == {there: CompensationOffer(credit_amount=1500)}
    assert sync.status("i-x1") is BookingStatus.CONFIRMED
    lost = sync.booking(there)
    assert lost.status is BookingStatus.CANCELLED
    assert lost.compensation == CompensationOffer(credit_amount=1500)
    assert lost.conflict_id == "c-x1"
    assert sync.floor.section("s1").claims[0].claim_id == "i-x1"
    assert sync.floor.section("s2").state is SectionState.AVAILABLE
    assert sync.types() == [
        NoticeType.BOOKING_CANCELLED,
        NoticeType.COMPENSATION_DUE,
        NoticeType.BOOKING_CONFIRMED,
        NoticeType.CONFLICT_RESOLVED,
    ]
    due = sync.floor.decisions[-1].notices[1]
    assert due.data["creditAmount"] == 1500
    assert due.data["displacedBy"] == ["i-x1"]
    reasons = [event.reason for event in sync.floor.decisions[-1].events]
    assert reasons == [Reason.BOOKING_DISPLACED] * 2 + [Reason.CONFLICT_RESOLVED]


def test_who_has_it_keeps_it_against_a_later_one(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.floor.pass_time(60)
    sync.add("x1", "s1", at="2026-02-15T18:00:30.000Z")
    conflict = sync.resolve("c-x1")
    assert conflict.winner_id == there
    assert list(conflict.compensations) == ["i-x1"]
    assert sync.status("i-x1") is BookingStatus.CANCELLED
    assert not sync.floor.decisions[-1].events


def test_who_paid_comes_before_who_was_earlier(sync: Sync) -> None:
    sync.add("x1", "s1", at=LATE, paid=True)
    sync.add("x2", "s1", at=EARLY)
    assert sync.resolve("c-x2").winner_id == "i-x1"


def test_vips_come_first_where_both_are_of_one_moment(sync: Sync) -> None:
    sync.add("x1", "s1")
    sync.add("x2", "s1", tier="vip")
    sync.add("x3", "s1")
    assert sync.resolve("c-x2").winner_id == "i-x2"
    assert sync.resolve("c-x3").winner_id == "i-x2"


def test_a_managers_word_goes_over_the_rule(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    conflict = sync.resolve("c-x1", there)
    assert (conflict.winner_id, conflict.resolved_by) == (there, "mia")


def test_all_who_are_in_the_way_of_the_winner_go(sync: Sync) -> None:
    first, second = sync.booked("s1"), sync.booked("s2", by="cid")
    sync.add("x1", "s1", "s2")
    conflict = sync.resolve("c-x1", "i-x1")
    assert set(conflict.compensations) == {first, second}
    assert conflict.booking_ids[-1] == "i-x1"


def test_it_has_to_come_before_all_who_would_go(sync: Sync) -> None:
    sync.add("x1", "s1", paid=True)
    second = sync.booked("s2")
    sync.add("x2", "s1", "s2")
    assert sync.resolve("c-x2").winner_id == "i-x1"
    assert sync.status(second) is BookingStatus.CONFIRMED


def test_in_a_pool_only_as_many_go_as_must_the_weakest(sync: Sync) -> None:
    for number, at in enumerate((EARLY, LATE, "2026-02-10T12:00:00.000Z")):
        sync.add(f"x{number}", "p", at=at, quantities={"p": 1 + number})
    # 6 of 5: the third is in conflict already, over what the last of the others has
    assert sync.status("i-x2") is BookingStatus.CONFLICTED
    conflict = sync.resolve("c-x2")
    assert list(conflict.compensations) == ["i-x1"]
    assert sync.status("i-x0") is BookingStatus.CONFIRMED
    assert sync.floor.section("p").capacity.available == 1


def test_a_block_that_came_meanwhile_is_in_the_way_of_the_winner(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1", "s2")
    sync.floor.block("s2")
    assert rejected(sync.try_resolve("c-x1")).code is Code.BLOCK_CONFLICT
    assert sync.resolve("c-x1", there).winner_id == there


def test_a_block_that_waits_comes_before_whoever_wins(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    sync.floor.block("s1", on_conflict=OnConflict.AFTER_RELEASE)
    assert rejected(sync.try_resolve("c-x1")).code is Code.BLOCK_CONFLICT
    assert sync.status(there) is BookingStatus.CONFIRMED
    assert rejected(sync.try_add("x2", "s1")).code is Code.BLOCK_CONFLICT


def test_guests_who_are_there_do_not_give_way(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    record = sync.booking(there)
    record.status = BookingStatus.CHECKED_IN
    refused = rejected(sync.try_resolve("c-x1", "i-x1"))
    assert refused.code is Code.INVALID_TRANSITION
    assert sync.resolve("c-x1").winner_id == there


def test_once_the_other_has_gone_it_wins_at_once(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1", at="2026-02-15T18:00:01.000Z")
    sync.floor.cancel(there, by=STAFF)
    assert rejected(sync.try_resolve("c-x1", there)).code is Code.INVALID_TRANSITION
    conflict = sync.resolve("c-x1")
    assert (conflict.winner_id, conflict.compensations) == ("i-x1", {})


def test_resolving_again_answers_the_same(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    first = sync.resolve("c-x1")
    assert sync.resolve("c-x1") == sync.resolve("c-x1", "i-x1") == first
    assert not sync.floor.decisions[-1].parts
    assert rejected(sync.try_resolve("c-x1", there)).code is Code.INVALID_TRANSITION


def test_cancelling_the_one_that_waits_closes_its_conflict(sync: Sync) -> None:
    sync.booked("s1")
    sync.add("x1", "s1", customer_id="ann", paid=True)
    command = CancelBooking(
        channel=KEY, asker=customer("ann"), booking_id="i-x1", reason=None, record=None
    )
    accepted(sync.floor.run(command))
    assert sync.booking("i-x1").payment_status is PaymentStatus.REFUND_DUE
    conflict = sync.floor.ended["c-x1"]
    assert isinstance(conflict, ConflictRecord)
    assert (conflict.winner_id, conflict.resolved_by) == (None, "ann")
    assert sync.resolve("c-x1").winner_id is None


def test_someone_who_is_not_in_the_conflict_cannot_win_it(sync: Sync) -> None:
    sync.booked("s1")
    other = sync.booked("s2", by="cid")
    sync.add("x1", "s1")
    assert rejected(sync.try_resolve("c-x1", other)).code is Code.VALIDATION_FAILED
    assert rejected(sync.try_resolve("c-9")).code is Code.CONFLICT_NOT_FOUND


def test_who_loses_in_an_overlapping_slot_is_found_in_its_own_channel() -> None:
    slots = [
        Slot(slot_id="late", start="21:00", end="03:00"),
        Slot(slot_id="very-late", start="23:00", end="04:00"),
    ]
    sync = Sync(slots=slots)
    other = KEY._replace(slot="very-late")
    sync.add("x1", "s1", at=LATE, key=other)
    sync.add("x2", "s1")
    conflict = sync.resolve("c-x2")
    assert list(conflict.compensations) == ["i-x1"]
    assert sync.status("i-x1") is BookingStatus.CANCELLED
    assert "i-x1" not in sync.floor.channels[other].records
    (claims,) = sync.floor.channels[other].claims.values()
    assert list(claims) == ["i-x2"]


@pytest.mark.parametrize(
    ("table", "more", "offer"),
    [
        (Compensation(), {}, CompensationOffer(credit_amount=1500)),
        (Compensation(), {"tier": "vip"}, CompensationOffer(credit_amount=5000, priority=True)),
        (
            Compensation(),
            {"paid": True},
            CompensationOffer(refund_amount=1000, credit_amount=2500),
        ),
        (
            Compensation(credit_vip=100),
            {"paid": True, "tier": "Vip"},
            CompensationOffer(refund_amount=1000, credit_amount=2500, priority=True),
        ),
        (
            Compensation(refund_deposit=False),
            {"paid": True},
            CompensationOffer(refund_amount=0, credit_amount=2500),
        ),
    ],
)
def test_compensation_is_by_the_policys_table(
    table: Compensation, more: dict[str, Any], offer: CompensationOffer
) -> None:
    sync = Sync(Policy(compensation=table, deposit=Deposit(type="fixed", amount=1000)))
    there = sync.booked("s1")
    sync.add("x1", "s1", **more)
    assert sync.resolve("c-x1", there).compensations == {"i-x1": offer}
    due = offer.refund_amount > 0
    expected = PaymentStatus.REFUND_DUE if due else sync.booking("i-x1").payment_status
    assert sync.booking("i-x1").payment_status is expected
