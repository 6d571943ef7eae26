from __future__ import annotations

import pytest
from tests.unit.domain.build import MANAGER, STAFF, Floor, accepted, rejected
from tests.unit.domain.life import CARD, END, cancel, pay

from command_api.domain.times import later
from holdfast.contracts.bookings import Booking, Payment
from holdfast.contracts.problems import Code
from holdfast.contracts.states import PaymentStatus
from holdfast.contracts.venues import Deposit, Policy

FIFTH = Policy(deposit=Deposit(type="percent", amount=20))


def test_a_customer_confirms_once_the_deposit_is_paid() -> None:
    floor = Floor(FIFTH)
    held = floor.hold("s1")
    pay(floor, held.hold_id, 999)
    denied = rejected(floor.try_confirm(held.hold_id))
    assert denied.code is Code.PAYMENT_REQUIRED
    assert denied.facts == {"depositAmount": 1000, "currency": "GBP", "paidAmount": 999}
    pay(floor, held.hold_id, 1000)
    word = Payment(method="card", transaction_id="tx_of_my_own")
    booking = floor.confirm(held.hold_id, payment=word)
    assert booking.payment_status is PaymentStatus.PAID
    assert (booking.paid_amount, booking.payment) == (1000, CARD)
    back = accepted(cancel(floor, booking.booking_id)).answer
    assert isinstance(back, Booking)
    assert back.payment_status is PaymentStatus.REFUND_DUE
    assert back.paid_amount == 1000


def test_staff_are_believed_about_a_payment() -> None:
    floor = Floor(FIFTH)
    for section, asker in (("s1", STAFF), ("s2", MANAGER)):
        booking = floor.confirm(floor.hold(section).hold_id, by=asker, payment=CARD)
        assert booking.payment_status is PaymentStatus.PAID
        assert (booking.payment, booking.paid_amount) == (CARD, 0)


def test_what_signed_events_said_counts_for_staff_too() -> None:
    floor = Floor(FIFTH)
    held = floor.hold("s1")
    pay(floor, held.hold_id, 300)
    booking = floor.confirm(held.hold_id, by=STAFF)
    assert (booking.payment_status, booking.paid_amount) == (PaymentStatus.PAID, 300)


@pytest.mark.parametrize("swept", [False, True])
def test_who_paid_for_a_hold_that_expired_is_told_so(swept: bool) -> None:
    floor = Floor(FIFTH)
    paid, unpaid = floor.hold("s1"), floor.hold("s2")
    pay(floor, paid.hold_id, 1000)
    floor.now = paid.expires_at
    if swept:
        floor.expire(paid.hold_id, unpaid.hold_id)
    denied = rejected(floor.try_confirm(paid.hold_id))
    assert denied.code is Code.PAYMENT_AFTER_EXPIRY
    assert denied.facts == {"refundDue": 1000, "currency": "GBP"}
    assert rejected(floor.try_confirm(unpaid.hold_id)).code is Code.HOLD_EXPIRED


def test_nothing_is_confirmed_after_the_slot() -> None:
    floor = Floor(Policy())
    floor.now = later(END, -10)
    held, by_staff = floor.hold("s1"), floor.hold("s2", by=STAFF)
    assert accepted(floor.try_confirm(by_staff.hold_id, by=STAFF)).valid_until == END
    floor.now = END
    for asker in (None, STAFF):
        denied = rejected(floor.try_confirm(held.hold_id, by=asker))
        assert (denied.code, denied.valid_from) == (Code.SLOT_CLOSED, END)
