from __future__ import annotations

import pytest
from tests.unit.domain.build import DATE, MANAGER, NOW, STAFF, Floor, accepted, rejected, venue
from tests.unit.domain.life import (
    ASKING,
    CARD,
    KIOSK,
    START,
    booked,
    booking_in,
    cancel,
    lay_block,
    move,
    moved,
    pay,
    requested,
    try_request,
)

from command_api.domain.times import later
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, PaymentStatus, SectionState
from holdfast.contracts.venues import Policy, Slot, SlotException


def test_approving_confirms_every_section_and_tells_the_customer() -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "t2", "s3")
    decision = accepted(move(floor, booking.booking_id, "approve"))
    assert [(e.section_id, e.previous_state, e.new_state, e.reason) for e in decision.events] == [
        (section, "pending_approval", "confirmed", "booking_approved")
        for section in ("t2-1", "t2-2", "s3", "t2")
    ]
    (notice,) = decision.notices
    assert (notice.type, notice.customer_id) == ("booking.approved", "ann")
    assert notice.actor == MANAGER.actor
    assert decision.valid_until == booking.approval_expires_at
    approved = booking_in(decision)
    assert (approved.status, approved.approval_expires_at) == ("confirmed", None)
    assert (approved.revision, approved.version) == (2, floor.state.version)
    (claim,) = floor.section("s3").claims
    assert (claim.kind, claim.expires_at, claim.customer_id) == ("confirmed", None, "ann")
    assert claim.actor.id == "ann"


def test_an_approved_booking_no_longer_ends_by_the_clock() -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1")
    moved(floor, booking.booking_id, "approve")
    floor.now = later(START, 3600)
    assert floor.expire(booking.booking_id).events == []
    assert floor.section("s1").state is SectionState.CONFIRMED


@pytest.mark.parametrize("verb", ["approve", "decline"])
def test_doing_it_again_answers_the_same_and_writes_nothing(verb: str) -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1")
    first = moved(floor, booking.booking_id, verb)  # type: ignore[arg-type]
    again = accepted(move(floor, booking.booking_id, verb))  # type: ignore[arg-type]
    assert again.answer == first
    assert not again.parts


def test_declining_frees_the_sections_keeps_the_reason_and_owes_what_was_paid() -> None:
    floor = Floor(ASKING)
    held = floor.hold("t2")
    pay(floor, held.hold_id, 500)
    booking = floor.confirm(held.hold_id)
    decision = accepted(move(floor, booking.booking_id, "decline", reason="private party"))
    assert {event.reason for event in decision.events} == {"booking_declined"}
    assert {event.new_state for event in decision.events} == {"available"}
    (notice,) = decision.notices
    assert (notice.type, notice.status) == ("booking.declined", "declined")
    assert "private party" not in str(notice) + str(decision.events)
    declined = booking_in(decision)
    assert declined.status_reason == "private party"
    assert declined.payment_status is PaymentStatus.REFUND_DUE
    assert not floor.state.claims
    assert not floor.state.records


@pytest.mark.parametrize("verb", ["approve", "decline"])
@pytest.mark.parametrize("swept", [False, True])
def test_after_the_deadline_it_is_too_late(verb: str, swept: bool) -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=60))
    booking = booked(floor, "s1")
    floor.pass_time(60)
    if swept:
        floor.expire(booking.booking_id)
    version = floor.state.version
    denied = rejected(move(floor, booking.booking_id, verb))  # type: ignore[arg-type]
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": "expired"})
    assert floor.state.version == version


def test_the_deadline_is_never_later_than_the_start() -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1")
    assert ASKING.approval_ttl_seconds == 86_400
    assert booking.approval_expires_at == START
    floor.now = START
    denied = rejected(move(floor, booking.booking_id, "approve"))
    assert denied.facts == {"currentStatus": "expired"}
    accepted(try_request(floor, "s1", by=MANAGER))


def test_once_the_slot_has_started_nobody_can_wait_for_approval() -> None:
    floor = Floor(ASKING)
    floor.now = later(START, -1)
    held, by_staff = floor.hold("s1"), floor.hold("s2", by=STAFF)
    floor.now = START
    denied = rejected(floor.try_confirm(held.hold_id))
    assert (denied.code, denied.valid_from) == (Code.SLOT_CLOSED, START)
    assert rejected(try_request(floor, "a1")).code is Code.SLOT_CLOSED
    assert rejected(try_request(floor, "a1", by=KIOSK)).code is Code.SLOT_CLOSED
    assert requested(floor, "a1", by=STAFF).status is BookingStatus.CONFIRMED
    at_the_door = accepted(floor.try_confirm(by_staff.hold_id, by=STAFF))
    assert booking_in(at_the_door).status is BookingStatus.CONFIRMED
    assert at_the_door.valid_from == START


@pytest.mark.parametrize("status", ["cancelled", "declined"])
def test_what_has_ended_cannot_be_approved(status: str) -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1")
    if status == "cancelled":
        accepted(cancel(floor, booking.booking_id))
    else:
        moved(floor, booking.booking_id, "decline")
    denied = rejected(move(floor, booking.booking_id, "approve"))
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": status})
    assert floor.section("s1").state is SectionState.AVAILABLE


def test_a_confirmed_booking_cannot_be_declined() -> None:
    floor = Floor()
    booking = booked(floor, "s1", payment=CARD)
    denied = rejected(move(floor, booking.booking_id, "decline"))
    assert denied.facts == {"currentStatus": "confirmed"}


def test_a_block_that_was_laid_over_a_section_comes_first() -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1", "s3")
    lay_block(floor, "s3")
    denied = rejected(move(floor, booking.booking_id, "approve"))
    assert denied.code is Code.BLOCK_CONFLICT
    assert denied.facts == {"conflictingSections": ["s3"]}
    assert floor.section("s1").state is SectionState.PENDING_APPROVAL
    moved(floor, booking.booking_id, "decline")
    assert floor.section("s1").state is SectionState.AVAILABLE


def test_a_slot_that_was_closed_or_made_earlier_meanwhile() -> None:
    floor = Floor(ASKING)
    booking = booked(floor, "s1")
    exception = SlotException(date=DATE, closed=True)
    floor.venue = venue(
        ASKING, slots=[Slot(slot_id="late", start="21:00", end="03:00", exceptions=[exception])]
    )
    assert rejected(move(floor, booking.booking_id, "approve")).code is Code.SLOT_CLOSED
    floor.venue = venue(ASKING, slots=[Slot(slot_id="late", start="17:00", end="03:00")])
    denied = rejected(move(floor, booking.booking_id, "approve"))
    assert (denied.code, denied.valid_from) == (Code.SLOT_CLOSED, later(NOW, -3600))


def test_there_is_no_such_booking() -> None:
    floor = Floor(ASKING)
    assert rejected(move(floor, "b9", "approve")).code is Code.BOOKING_NOT_FOUND
    held = floor.hold("s1")
    assert rejected(move(floor, held.hold_id, "decline")).code is Code.BOOKING_NOT_FOUND
