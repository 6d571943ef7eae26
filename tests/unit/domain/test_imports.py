"""Bookings made elsewhere: taken in once, and kept in conflict where others have what they want."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import KEY, STAFF, rejected
from tests.unit.domain.syncing import EARLY, Sync

from command_api.domain.records import ConflictRecord
from command_api.domain.times import later
from holdfast.contracts.bookings import Contact
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    BookingStatus,
    HoldStatus,
    PaymentStatus,
    Reason,
    SectionState,
)
from holdfast.contracts.venues import Deposit, Policy, Slot, SlotException


@pytest.fixture
def sync() -> Sync:
    return Sync()


def test_what_is_free_is_confirmed_under_the_time_it_was_made_elsewhere(sync: Sync) -> None:
    contact = Contact(name="Ann", phone="1")
    result = sync.add("x1", "t1", "s1", paid=True, tier="VIP", customer_id="ann", contact=contact)
    assert (result.booking_id, result.conflict_id) == ("i-x1", None)
    record = sync.booking("i-x1")
    assert record.status is BookingStatus.CONFIRMED
    assert (record.external_id, record.made_at, record.tier) == ("x1", EARLY, "VIP")
    assert record.payment_status is PaymentStatus.PAID
    assert record.contact == contact
    assert sync.floor.section("t1").state is SectionState.CONFIRMED
    assert {event.reason for event in sync.floor.decisions[-1].events} == {Reason.BOOKING_IMPORTED}
    assert sync.types() == [NoticeType.BOOKING_CONFIRMED]


def test_importing_again_writes_nothing_and_answers_the_same(sync: Sync) -> None:
    first = sync.add("x1", "s1")
    assert sync.add("x1", "s1") == first
    assert not sync.floor.decisions[-1].parts
    sync.floor.cancel("i-x1", by=STAFF)
    assert sync.add("x1", "s1") == first
    assert sync.status("i-x1") is BookingStatus.CANCELLED


def test_importing_again_answers_the_same_after_it_lost_to_another(sync: Sync) -> None:
    first = sync.add("x1", "s1")
    sync.add("x2", "s1", paid=True)
    sync.resolve("c-x2")
    assert sync.booking("i-x1").conflict_id == "c-x2"
    assert sync.add("x1", "s1") == first


def test_the_same_external_id_with_other_content_is_refused(sync: Sync) -> None:
    sync.add("x1", "s1")
    refused = rejected(sync.try_add("x1", "s2"))
    assert refused.code is Code.IDEMPOTENCY_KEY_REUSED
    assert refused.facts == {"bookingId": "i-x1"}


def test_a_contact_that_was_corrected_elsewhere_is_no_other_content(sync: Sync) -> None:
    sync.add("x1", "s1", contact=Contact(name="An"))
    assert sync.add("x1", "s1", contact=Contact(name="Ann")).booking_id == "i-x1"
    assert sync.booking("i-x1").contact == Contact(name="An")


@pytest.mark.parametrize("waits", [False, True])
def test_past_decisions_are_bound_by_no_rule_of_asking(sync: Sync, waits: bool) -> None:
    policy = Policy(
        min_lead_minutes=60 * 24,
        booking_horizon_days=0,
        max_tables_per_customer_per_date=1,
        requires_approval=waits,
        deposit=Deposit(type="fixed", amount=500),
    )
    strict = Sync(policy)
    strict.add("x1", "s1", customer_id="ann", party_size=40)
    strict.add("x2", "s2", customer_id="ann")
    assert strict.status("i-x2") is BookingStatus.CONFIRMED
    assert strict.booking("i-x2").approval_expires_at is None


@pytest.mark.parametrize(
    ("sections", "more", "code"),
    [
        (("nowhere",), {}, Code.SECTION_NOT_FOUND),
        (("s1", "s1"), {}, Code.DUPLICATE_SECTIONS),
        (("p",), {"quantities": {"p": 6}}, Code.CAPACITY_EXCEEDED),
        (("s1",), {"key": KEY._replace(slot="noon")}, Code.SLOT_NOT_FOUND),
    ],
)
def test_what_cannot_have_been_booked_is_refused(
    sync: Sync, sections: tuple[str, ...], more: dict[str, Any], code: Code
) -> None:
    assert rejected(sync.try_add("x1", *sections, **more)).code is code


def test_a_night_that_is_over_is_taken_in_for_thirty_days(sync: Sync) -> None:
    sync.floor.now = "2026-03-17T02:59:00.000Z"
    assert sync.add("x1", "s1").booking_id
    sync.floor.now = "2026-03-18T03:00:00.000Z"
    assert rejected(sync.try_add("x2", "s2")).code is Code.SLOT_CLOSED


def test_nothing_was_made_in_the_future_but_for_a_clock_that_is_ahead(sync: Sync) -> None:
    ahead, further = later(sync.floor.now, 300), later(sync.floor.now, 301)
    refused = rejected(sync.try_add("x1", "s1", at=further))
    assert refused.code is Code.VALIDATION_FAILED
    assert refused.facts["errors"][0]["path"] == "createdAt"
    assert refused.valid_until == later(sync.floor.now, 1)
    assert rejected(sync.try_add("x1", "s1", at="9999-12-31T23:59:59.999Z"))
    made = sync.add("x1", "s1", at=ahead)
    assert sync.booking("i-x1").made_at == sync.floor.now
    assert sync.add("x1", "s1", at=ahead) == made


def test_a_closed_night_takes_nothing_in() -> None:
    exception = SlotException(date=KEY.date, closed=True)
    slot = Slot(slot_id="late", start="21:00", end="03:00", exceptions=[exception])
    assert rejected(Sync(slots=[slot]).try_add("x1", "s1")).code is Code.SLOT_CLOSED


def test_blocked_sections_are_refused(sync: Sync) -> None:
    sync.floor.block("s1")
    refused = rejected(sync.try_add("x1", "s1", "s2"))
    assert refused.code is Code.BLOCK_CONFLICT
    assert refused.facts == {"conflictingSections": ["s1"]}


def test_what_is_taken_waits_in_an_open_conflict(sync: Sync) -> None:
    there = sync.booked("s1")
    version = sync.floor.state.version
    result = sync.add("x1", "s1", "s2")
    assert (result.booking_id, result.conflict_id) == ("i-x1", "c-x1")
    assert sync.status("i-x1") is BookingStatus.CONFLICTED
    assert sync.status(there) is BookingStatus.CONFIRMED
    assert sync.floor.state.version == version
    conflict = sync.floor.state.records["c-x1"]
    assert isinstance(conflict, ConflictRecord)
    assert conflict.booking_ids == [there, "i-x1"]
    assert conflict.section_ids == ["s1"]
    assert sync.types() == [NoticeType.BOOKING_REQUESTED, NoticeType.CONFLICT_OPENED]
    assert sync.add("x1", "s1", "s2") == result


def test_a_hold_in_the_way_is_expired_when_due_and_waited_for_else(sync: Sync) -> None:
    hold = sync.floor.hold("s1")
    assert sync.add("x1", "s1").conflict_id == "c-x1"
    refused = rejected(sync.try_resolve("c-x1"))
    assert refused.code is Code.SECTION_NOT_AVAILABLE
    assert refused.facts["heldUntil"] == hold.expires_at == refused.valid_until
    sync.floor.pass_time(301)
    conflict = sync.resolve("c-x1")
    assert conflict.winner_id == "i-x1"
    ended = sync.floor.ended[hold.hold_id]
    assert ended.status is HoldStatus.EXPIRED  # type: ignore[union-attr]
