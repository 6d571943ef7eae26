"""Signed payment events: for what is there, what has ended, and in any order."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import pytest
from tests.unit.domain.build import STAFF, Floor, accepted, customer, rejected

from command_api.domain.commands import RecordPayment
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import BookingRecord, HoldRecord
from holdfast.contracts.bookings import Payment
from holdfast.contracts.notices import Notice, NoticeType
from holdfast.contracts.payments import PaymentEvent, PaymentEventResult
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    BookingStatus,
    HoldStatus,
    PaymentStatus,
    Reason,
    SectionState,
)
from holdfast.contracts.venues import Deposit, Policy, Slot, SlotException

Verb = Literal["succeeded", "failed", "refunded"]
_AT = "2026-02-15T19:00:00.000Z"
DEPOSIT = Policy(deposit=Deposit(type="fixed", amount=1000))


class Till:
    """Payment events for one floor. Each has an event id of its own, unless one is named."""

    def __init__(self, policy: Policy | None = None, **changes: Any) -> None:
        self.floor = Floor(policy, **changes)
        self.sent = 0

    def try_tell(
        self, verb: Verb, record_id: str, transaction: str = "tx1", **more: Any
    ) -> Decision | Rejection:
        self.sent += 1
        event_id = more.pop("event_id", f"evt{self.sent}")
        event = PaymentEvent(
            type=f"payment.{verb}",  # type: ignore[arg-type]
            transaction_id=transaction,
            hold_id=record_id,
            amount=more.pop("amount", 1000),
            currency=more.pop("currency", "GBP"),
            occurred_at=more.pop("occurred_at", f"2026-02-15T18:00:{self.sent:02}.000Z"),
        )
        return self.floor.run(
            RecordPayment(
                channel=self.floor.state.key,
                event=event,
                event_id=event_id,
                record_id=record_id,
                record=self.floor.ended.get(record_id),  # type: ignore[arg-type]
            )
        )

    def tell(self, verb: Verb, record_id: str, transaction: str = "tx1", **more: Any) -> str:
        """The outcome."""
        answer = accepted(self.try_tell(verb, record_id, transaction, **more)).answer
        assert isinstance(answer, PaymentEventResult)
        return answer.outcome

    def hold(self, record_id: str) -> HoldRecord:
        record = self.floor.state.records.get(record_id) or self.floor.ended[record_id]
        assert isinstance(record, HoldRecord)
        return record

    def booking(self, record_id: str) -> BookingRecord:
        record = self.floor.state.records.get(record_id) or self.floor.ended[record_id]
        assert isinstance(record, BookingRecord)
        return record

    def notices(self) -> list[Notice]:
        """Of the last decision."""
        return self.floor.decisions[-1].notices


@pytest.fixture
def till() -> Till:
    return Till(DEPOSIT)


def held(till: Till, *sections: str) -> str:
    return till.floor.hold(*(sections or ("s1",))).hold_id


def lapsed(till: Till, *sections: str) -> str:
    """A hold that was swept."""
    hold_id = held(till, *sections)
    till.floor.pass_time(301)
    till.floor.expire(hold_id)
    return hold_id


def test_a_payment_for_a_hold_is_kept_on_it_without_touching_its_sections(till: Till) -> None:
    hold_id = held(till)
    version = till.floor.state.version
    assert till.tell("succeeded", hold_id) == "applied"
    hold = till.hold(hold_id)
    assert hold.paid_amount == 1000
    assert hold.payment is not None and hold.payment.transaction_id == "tx1"
    assert till.floor.state.version == version
    (notice,) = till.notices()
    assert (notice.type, notice.reason) == (NoticeType.HOLD_CHANGED, Reason.PAYMENT_ACCEPTED)
    assert notice.data["paidAmount"] == 1000
    assert notice.revision == 2


def test_a_hold_that_was_paid_for_can_be_confirmed_and_the_booking_is_paid(till: Till) -> None:
    hold_id = held(till)
    rejected(till.floor.try_confirm(hold_id))
    till.tell("succeeded", hold_id)
    booking = till.floor.confirm(hold_id)
    assert booking.payment_status is PaymentStatus.PAID
    assert till.tell("succeeded", booking.booking_id) == "duplicate"
    assert till.booking(booking.booking_id).paid_amount == 1000


def test_partial_payments_add_up(till: Till) -> None:
    hold_id = held(till)
    till.tell("succeeded", hold_id, "tx1", amount=400)
    till.tell("succeeded", hold_id, "tx2", amount=600)
    assert till.hold(hold_id).paid_amount == 1000


def test_the_same_transaction_counts_once_under_whatever_event_id(till: Till) -> None:
    hold_id = held(till)
    till.tell("succeeded", hold_id)
    before = len(till.floor.decisions)
    assert till.tell("succeeded", hold_id) == "duplicate"
    assert not till.floor.decisions[before].parts
    assert till.hold(hold_id).paid_amount == 1000


@pytest.mark.parametrize(
    ("verb", "more"),
    [("failed", {}), ("succeeded", {"currency": "EUR"}), ("succeeded", {"amount": 0})],
)
def test_what_changes_nothing_is_ignored_with_a_reason(
    till: Till, verb: Verb, more: dict[str, Any]
) -> None:
    hold_id = held(till)
    decision = accepted(till.try_tell(verb, hold_id, **more))
    answer = decision.answer
    assert isinstance(answer, PaymentEventResult)
    assert answer.outcome == "ignored"
    assert answer.detail
    assert not decision.parts


def test_a_payment_that_failed_and_then_succeeded_is_paid(till: Till) -> None:
    hold_id = held(till)
    till.tell("failed", hold_id)
    assert till.tell("succeeded", hold_id) == "applied"


def test_an_expired_hold_is_taken_again_under_its_id_where_all_of_it_is_free(till: Till) -> None:
    hold_id = lapsed(till, "t1", "s1")
    assert till.tell("succeeded", hold_id) == "applied"
    hold = till.hold(hold_id)
    assert hold.status is HoldStatus.ACTIVE
    assert hold.expires_at == "2026-02-15T18:10:01.000Z"
    assert hold.paid_amount == 1000
    assert till.floor.section("t1").state is SectionState.HELD
    assert {event.reason for event in till.floor.decisions[-1].events} == {Reason.PAYMENT_ACCEPTED}
    assert till.floor.confirm(hold_id).status is BookingStatus.CONFIRMED


def test_a_hold_past_its_time_that_was_not_swept_goes_on(till: Till) -> None:
    hold_id = held(till)
    till.floor.pass_time(301)
    assert till.tell("succeeded", hold_id) == "applied"
    assert till.floor.decisions[-1].valid_from == "2026-02-15T18:05:00.000Z"
    assert till.hold(hold_id).status is HoldStatus.ACTIVE
    assert till.floor.section("s1").held_until == "2026-02-15T18:10:01.000Z"


def test_what_is_due_in_the_way_of_a_paid_hold_is_expired_first(till: Till) -> None:
    hold_id = lapsed(till)
    other = till.floor.hold("s1", by=customer("bob")).hold_id
    till.floor.pass_time(301)
    assert till.tell("succeeded", hold_id) == "applied"
    assert till.hold(other).status is HoldStatus.EXPIRED


def test_a_payment_for_a_hold_that_others_took_is_late_and_to_be_paid_back(till: Till) -> None:
    hold_id = lapsed(till, "s1", "s2")
    till.floor.hold("s2", by=customer("bob"))
    assert till.tell("succeeded", hold_id) == "late"
    hold = till.hold(hold_id)
    assert (hold.status, hold.refund_due) == (HoldStatus.EXPIRED, 1000)
    late, due = till.notices()
    assert (late.type, due.type) == (NoticeType.PAYMENT_LATE, NoticeType.COMPENSATION_DUE)
    assert due.revision == late.revision + 1
    assert due.data["refundAmount"] == 1000
    assert till.floor.section("s1").state is SectionState.AVAILABLE
    assert rejected(till.floor.try_confirm(hold_id)).code is Code.PAYMENT_AFTER_EXPIRY


def test_late_relies_on_what_is_in_the_way_being_there_still(till: Till) -> None:
    hold_id = lapsed(till)
    other = till.floor.hold("s1", by=customer("bob"))
    decision = accepted(till.try_tell("succeeded", hold_id))
    assert decision.valid_until == other.expires_at


def test_money_that_is_on_its_way_back_takes_nothing_again(till: Till) -> None:
    hold_id = lapsed(till)
    other = till.floor.hold("s1", by=customer("bob")).hold_id
    till.tell("succeeded", hold_id, "tx1")
    till.floor.release(other, by=customer("bob"))
    assert till.tell("succeeded", hold_id, "tx2") == "late"
    assert till.hold(hold_id).refund_due == 2000
    assert till.tell("refunded", hold_id, "tx1") == "applied"
    assert till.hold(hold_id).refund_due == 1000


def test_a_released_hold_is_not_taken_again(till: Till) -> None:
    hold_id = held(till)
    till.floor.release(hold_id)
    assert till.tell("succeeded", hold_id) == "late"
    assert till.tell("succeeded", hold_id) == "duplicate"


@pytest.mark.parametrize("how", ["expire", "release"])
def test_a_hold_that_was_paid_and_never_confirmed_is_to_be_paid_back(till: Till, how: str) -> None:
    hold_id = held(till)
    till.tell("succeeded", hold_id)
    if how == "expire":
        till.floor.pass_time(301)
        till.floor.expire(hold_id)
    else:
        till.floor.release(hold_id)
    assert till.hold(hold_id).refund_due == 1000
    assert till.notices()[-1].type is NoticeType.COMPENSATION_DUE
    assert till.notices()[-1].revision == till.hold(hold_id).revision


def test_a_hold_is_not_taken_again_past_the_limits_of_its_customer() -> None:
    till = Till(Policy(max_active_holds_per_customer=1))
    hold_id = lapsed(till)
    till.floor.hold("s2")
    assert till.tell("succeeded", hold_id) == "late"


def test_a_hold_is_not_taken_again_in_a_slot_that_is_over_or_closed() -> None:
    till = Till()
    hold_id = lapsed(till)
    till.floor.pass_time(10 * 3600)
    assert till.tell("succeeded", hold_id) == "late"

    closing = Till()
    hold_id = lapsed(closing)
    exception = SlotException(date="2026-02-15", closed=True)
    slot = Slot(slot_id="late", start="21:00", end="03:00", exceptions=[exception])
    closing.floor.venue = Till(slots=[slot]).floor.venue
    assert closing.tell("succeeded", hold_id) == "late"


def test_a_booking_is_paid_by_an_event(till: Till) -> None:
    booking = till.floor.confirm(held(till), by=STAFF)
    assert till.tell("succeeded", booking.booking_id) == "applied"
    record = till.booking(booking.booking_id)
    assert (record.payment_status, record.paid_amount) == (PaymentStatus.PAID, 1000)
    assert till.notices()[0].type is NoticeType.BOOKING_CHANGED
    assert till.notices()[0].data["paymentStatus"] == "paid"


def test_a_payment_for_a_cancelled_booking_is_late(till: Till) -> None:
    booking = till.floor.confirm(held(till), by=STAFF)
    till.floor.cancel(booking.booking_id)
    assert till.tell("succeeded", booking.booking_id) == "late"
    record = till.booking(booking.booking_id)
    assert record.status is BookingStatus.CANCELLED
    assert record.payment_status is PaymentStatus.REFUND_DUE
    assert [n.type for n in till.notices()] == [
        NoticeType.PAYMENT_LATE,
        NoticeType.COMPENSATION_DUE,
    ]
    assert till.tell("refunded", booking.booking_id) == "applied"
    assert till.booking(booking.booking_id).payment_status is PaymentStatus.REFUNDED


def test_a_request_that_nobody_approved_in_time_expires_before_its_payment_is_late() -> None:
    till = Till(Policy(requires_approval=True, approval_ttl_seconds=600))
    booking = till.floor.confirm(held(till))
    till.floor.pass_time(601)
    assert till.tell("succeeded", booking.booking_id) == "late"
    assert till.booking(booking.booking_id).status is BookingStatus.EXPIRED
    assert till.floor.section("s1").state is SectionState.AVAILABLE


def test_a_refund_ends_paid(till: Till) -> None:
    booking = till.floor.confirm(held(till), by=STAFF)
    till.tell("succeeded", booking.booking_id)
    assert till.tell("refunded", booking.booking_id, amount=400) == "applied"
    assert till.booking(booking.booking_id).payment_status is PaymentStatus.PAID
    assert till.booking(booking.booking_id).paid_amount == 600
    till.tell("refunded", booking.booking_id, amount=600)
    assert till.booking(booking.booking_id).payment_status is PaymentStatus.REFUNDED


def test_a_refund_that_comes_first_leaves_nothing_paid(till: Till) -> None:
    booking = till.floor.confirm(held(till), by=STAFF)
    till.tell("refunded", booking.booking_id)
    assert till.tell("succeeded", booking.booking_id) == "applied"
    record = till.booking(booking.booking_id)
    assert (record.payment_status, record.paid_amount) == (PaymentStatus.REFUNDED, 0)

    hold_id = lapsed(till, "s2")
    till.tell("refunded", hold_id)
    till.tell("succeeded", hold_id)
    assert till.hold(hold_id).status is HoldStatus.EXPIRED
    assert till.hold(hold_id).refund_due == 0


@pytest.mark.parametrize("cancelled", [False, True])
def test_events_come_to_the_same_in_whichever_order(cancelled: bool) -> None:
    events: list[tuple[Verb, str, int]] = [
        ("succeeded", "tx1", 1000),
        ("refunded", "tx1", 400),
        ("refunded", "tx1", 600),
        ("succeeded", "tx2", 500),
        ("failed", "tx2", 500),
    ]
    for order in itertools.permutations(enumerate(events)):
        till = Till(DEPOSIT)
        booking_id = till.floor.confirm(held(till), by=STAFF).booking_id
        if cancelled:
            till.floor.cancel(booking_id)
        for number, (verb, transaction, amount) in order:
            till.tell(verb, booking_id, transaction, amount=amount, event_id=f"evt{number}")
        record = till.booking(booking_id)
        assert record.paid_amount == 500
        expected = PaymentStatus.REFUND_DUE if cancelled else PaymentStatus.PAID
        assert record.payment_status is expected, order


@pytest.mark.parametrize("order", [("succeeded", "refunded"), ("refunded", "succeeded")])
def test_more_refunded_than_was_paid_is_said_and_takes_nothing_from_other_payments(
    till: Till, order: tuple[Verb, Verb]
) -> None:
    booking_id = till.floor.confirm(held(till), by=STAFF).booking_id
    till.tell("succeeded", booking_id, "tx2", amount=500)
    amounts = {"succeeded": 1000, "refunded": 1400}
    first, second = [
        accepted(till.try_tell(verb, booking_id, amount=amounts[verb])).answer for verb in order
    ]
    assert isinstance(first, PaymentEventResult) and isinstance(second, PaymentEventResult)
    assert (first.outcome, first.detail) == ("applied", None)
    assert second.outcome == "applied" and second.detail is not None and "400" in second.detail
    record = till.booking(booking_id)
    assert (record.paid_amount, record.payment_status) == (500, PaymentStatus.PAID)

    assert till.tell("refunded", booking_id, amount=10) == "ignored"
    assert till.booking(booking_id).revision == record.revision


@pytest.mark.parametrize("again", [{"event_id": "r1"}, {"occurred_at": _AT}])
def test_the_same_refund_counts_once(till: Till, again: dict[str, Any]) -> None:
    booking = till.floor.confirm(held(till), by=STAFF)
    till.tell("succeeded", booking.booking_id)
    once: dict[str, Any] = {"event_id": "r1", "amount": 300, "occurred_at": _AT}
    till.tell("refunded", booking.booking_id, **once)
    assert till.tell("refunded", booking.booking_id, amount=300, **again) == "duplicate"
    assert till.booking(booking.booking_id).paid_amount == 700


def test_nobody_knows_the_hold(till: Till) -> None:
    assert rejected(till.try_tell("succeeded", "h99")).code is Code.HOLD_NOT_FOUND


def test_a_refund_of_what_nobody_heard_was_paid_changes_no_status(till: Till) -> None:
    payment = Payment(method="cash", transaction_id="till-7")
    booking = till.floor.confirm(held(till), by=STAFF, payment=payment)
    assert booking.payment_status is PaymentStatus.PAID
    assert till.tell("refunded", booking.booking_id, "elsewhere") == "applied"
    assert till.booking(booking.booking_id).payment_status is PaymentStatus.PAID
