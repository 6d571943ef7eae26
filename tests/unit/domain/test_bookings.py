from __future__ import annotations

import pytest
from tests.unit.domain.build import (
    DATE,
    MANAGER,
    NOW,
    STAFF,
    Floor,
    accepted,
    customer,
    rejected,
    venue,
)

from command_api.domain.times import later
from holdfast.contracts.bookings import Booking, Payment
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, PaymentStatus, SectionState
from holdfast.contracts.venues import Deposit, Policy, Slot, SlotException

CARD = Payment(method="card", transaction_id="tx_1")


def test_a_hold_becomes_a_booking_in_one_event_for_each_section() -> None:
    floor = Floor()
    held = floor.hold("t2", "s3", party_size=3)
    decision = accepted(floor.try_confirm(held.hold_id))
    assert [(e.section_id, e.new_state, e.reason) for e in decision.events] == [
        ("t2-1", "confirmed", "booking_confirmed"),
        ("t2-2", "confirmed", "booking_confirmed"),
        ("s3", "confirmed", "booking_confirmed"),
        ("t2", "confirmed", "booking_confirmed"),
    ]
    first = decision.events[0]
    assert first.claims_removed == ["h1"]
    assert [claim.claim_id for claim in first.claims_added] == ["b2"]
    assert (first.hold_id, first.booking_id, first.held_until) == ("h1", "b2", None)
    assert decision.valid_until == held.expires_at
    assert [(r.id, r.revision) for r in decision.records] == [("h1", 2), ("b2", 1)]
    assert [notice.type for notice in decision.notices] == ["booking.confirmed"]
    booking = decision.answer
    assert isinstance(booking, Booking)
    assert decision.created
    assert (booking.status, booking.reference, booking.hold_id) == ("confirmed", "REF2", "h1")
    assert (booking.total_amount, booking.party_size) == (9000, 3)
    assert booking.starts_at == "2026-02-15T21:00:00.000Z"
    assert booking.ends_at == "2026-02-16T03:00:00.000Z"
    assert list(floor.state.records) == ["b2"]


def test_notices_carry_no_personal_data() -> None:
    floor = Floor()
    held = floor.hold("s1")
    decision = accepted(floor.try_confirm(held.hold_id, notes="allergic to nuts"))
    text = str(decision.notices) + str(decision.events)
    assert "example.org" not in text
    assert "nuts" not in text
    assert "Ann" not in text


def test_where_the_policy_asks_a_booking_waits_for_approval() -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=3600))
    booking = floor.confirm(floor.hold("s1").hold_id)
    assert booking.status is BookingStatus.PENDING_APPROVAL
    assert booking.approval_expires_at == later(NOW, 3600)
    section = floor.section("s1")
    assert section.state is SectionState.PENDING_APPROVAL
    assert section.claims[0].expires_at == later(NOW, 3600)
    assert floor.decisions[-1].notices[0].type == "booking.requested"
    by_staff = floor.confirm(floor.hold("s2", by=STAFF).hold_id, by=STAFF)
    assert by_staff.status is BookingStatus.PENDING_APPROVAL
    by_manager = floor.confirm(floor.hold("s3", by=MANAGER).hold_id, by=MANAGER)
    assert by_manager.status is BookingStatus.CONFIRMED


def test_nobody_approved_in_time() -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=60))
    booking = floor.confirm(floor.hold("t2").hold_id)
    floor.pass_time(59)
    assert floor.expire(booking.booking_id).events == []
    floor.pass_time(1)
    decision = floor.expire(booking.booking_id)
    assert [event.reason for event in decision.events] == ["approval_expired"] * 3
    assert [(n.type, n.status) for n in decision.notices] == [("booking.declined", "expired")]
    assert floor.section("t2").state is SectionState.AVAILABLE


def test_a_request_past_its_time_denies_nobody() -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=60))
    floor.confirm(floor.hold("s1").hold_id)
    floor.pass_time(60)
    decision = accepted(floor.try_hold("s1", by=customer("bob")))
    assert [event.reason for event in decision.events] == ["approval_expired", "hold_created"]


def test_a_customer_leaves_a_contact_staff_need_not() -> None:
    floor = Floor()
    denied = rejected(floor.try_confirm(floor.hold("s1").hold_id, contact=None))
    assert denied.code is Code.VALIDATION_FAILED
    assert denied.facts["errors"][0]["path"] == "contact"
    assert floor.confirm(floor.hold("s2", by=STAFF).hold_id, by=STAFF, contact=None).contact is None


def test_the_party_is_checked_again() -> None:
    floor = Floor()
    held = floor.hold("s1", party_size=2)
    denied = rejected(floor.try_confirm(held.hold_id, party_size=5))
    assert denied.code is Code.CAPACITY_MISMATCH
    assert floor.confirm(held.hold_id).party_size == 2


def test_a_deposit_is_asked_of_customers() -> None:
    floor = Floor(Policy(deposit=Deposit(type="percent", amount=20)))
    held = floor.hold("s1")
    denied = rejected(floor.try_confirm(held.hold_id, payment=CARD))
    assert denied.code is Code.PAYMENT_REQUIRED
    assert denied.facts == {"depositAmount": 1000, "currency": "GBP"}
    paid = floor.confirm(held.hold_id, by=STAFF, payment=CARD)
    assert paid.payment_status is PaymentStatus.PAID
    unpaid = floor.confirm(floor.hold("s2").hold_id, by=STAFF)
    assert unpaid.payment_status is PaymentStatus.NONE


def test_a_customers_word_is_no_payment() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("s1").hold_id, payment=CARD)
    assert booking.payment_status is PaymentStatus.REFERENCED


def test_a_night_that_was_closed_meanwhile() -> None:
    floor = Floor()
    held = floor.hold("s1")
    closed = Slot(
        slot_id="late",
        start="21:00",
        end="03:00",
        exceptions=[SlotException(date=DATE, closed=True)],
    )
    floor.venue = venue(slots=[closed])
    assert rejected(floor.try_confirm(held.hold_id)).code is Code.SLOT_CLOSED
    floor.confirm(held.hold_id, by=STAFF)


def test_cancelling_frees_and_again_answers_the_same() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("t2").hold_id)
    first = accepted(floor.cancel(booking.booking_id))
    assert [event.reason for event in first.events] == ["booking_cancelled"] * 3
    floor.pass_time(60)
    again = accepted(floor.cancel(booking.booking_id))
    assert (again.events, again.answer) == ([], first.answer)
    assert not floor.state.claims
    assert not floor.state.records


def test_a_customer_may_cancel_until_the_deadline_staff_at_any_time() -> None:
    floor = Floor(Policy(cancel_until_minutes=60))
    booking = floor.confirm(floor.hold("s1").hold_id)
    floor.now = "2026-02-15T20:00:00.000Z"
    denied = rejected(floor.cancel(booking.booking_id))
    assert denied.code is Code.INVALID_TRANSITION
    assert denied.facts == {"currentStatus": "confirmed"}
    assert "2026-02-15T20:00:00.000Z" in denied.detail
    accepted(floor.cancel(booking.booking_id, by=STAFF))


def test_what_was_paid_is_due_back_after_cancelling() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("s1").hold_id, by=STAFF, payment=CARD)
    answer = accepted(floor.cancel(booking.booking_id)).answer
    assert isinstance(answer, Booking)
    assert answer.payment_status is PaymentStatus.REFUND_DUE


def test_only_the_customer_and_staff_may_cancel() -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("s1").hold_id)
    denied = rejected(floor.cancel(booking.booking_id, by=customer("bob")))
    assert denied.code is Code.ACTION_NOT_PERMITTED
    assert rejected(floor.cancel("b99")).code is Code.BOOKING_NOT_FOUND


@pytest.mark.parametrize("swept", [False, True])
def test_an_expired_request_cannot_be_cancelled(swept: bool) -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=60))
    booking = floor.confirm(floor.hold("s1").hold_id)
    floor.pass_time(60)
    if swept:
        floor.expire(booking.booking_id)
    denied = rejected(floor.cancel(booking.booking_id))
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": "expired"})
