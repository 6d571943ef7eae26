from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import CONTACT, STAFF, Floor, accepted, customer, rejected
from tests.unit.domain.life import END, START, booked, booking_in, cancel, edit, moved

from command_api.domain.times import later
from holdfast.contracts.bookings import Contact
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy


def test_an_edit_changes_what_it_names_and_no_section() -> None:
    floor = Floor()
    booking = booked(floor, "s1", notes="window", metadata={"a": 1}, party_size=2)
    version = floor.state.version
    decision = accepted(edit(floor, booking.booking_id, 1, party_size=4, special_requests="cake"))
    assert decision.events == []
    (notice,) = decision.notices
    assert (notice.type, notice.revision, notice.reason) == (
        "booking.changed",
        2,
        "booking_changed",
    )
    assert "cake" not in str(notice)
    assert decision.valid_until == START
    edited = booking_in(decision)
    assert (edited.party_size, edited.special_requests) == (4, "cake")
    assert (edited.notes, edited.metadata, edited.contact) == ("window", {"a": 1}, CONTACT)
    assert (edited.revision, edited.version, floor.state.version) == (2, version, version)


def test_an_empty_value_takes_away_what_was_there() -> None:
    floor = Floor()
    booking = booked(floor, "s1", notes="window", metadata={"a": 1}, special_requests="cake")
    edited = booking_in(edit(floor, booking.booking_id, 1, notes="", metadata={}))
    assert (edited.notes, edited.metadata, edited.special_requests) == (None, {}, "cake")


def test_an_edit_of_another_revision_is_refused() -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    accepted(edit(floor, booking.booking_id, 1, notes="one"))
    for stale in (1, 3):
        denied = rejected(edit(floor, booking.booking_id, stale, notes="two"))
        assert (denied.code, denied.facts) == (Code.VERSION_MISMATCH, {"version": 2})


def test_an_edit_that_is_sent_again_answers_the_same_and_writes_nothing() -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    first = booking_in(edit(floor, booking.booking_id, 1, notes="one", party_size=3))
    again = accepted(edit(floor, booking.booking_id, 1, notes="one", party_size=3))
    assert again.answer == first
    assert not again.parts
    assert not accepted(edit(floor, booking.booking_id, 2)).parts


def test_the_party_must_fit_the_sections() -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    denied = rejected(edit(floor, booking.booking_id, 1, party_size=5))
    assert denied.code is Code.CAPACITY_MISMATCH
    assert denied.facts == {"requested": 5, "min": 2, "max": 4}
    pool = floor.confirm(floor.hold("s3", quantities={}).hold_id)
    assert booking_in(edit(floor, pool.booking_id, 1, party_size=40)).party_size == 40


def test_a_customer_edits_their_own_until_the_start_staff_any_active_one() -> None:
    floor = Floor()
    booking = booked(floor, "s1")
    denied = rejected(edit(floor, booking.booking_id, 1, by=customer("bob"), notes="mine"))
    assert denied.code is Code.ACTION_NOT_PERMITTED
    floor.now = later(START, -1)
    accepted(edit(floor, booking.booking_id, 1, notes="late"))
    floor.now = START
    denied = rejected(edit(floor, booking.booking_id, 2, notes="later"))
    assert (denied.code, denied.valid_from) == (Code.INVALID_TRANSITION, START)
    moved(floor, booking.booking_id, "check-in")
    floor.now = END
    anonymous = Contact(name="Guest")
    edited = booking_in(edit(floor, booking.booking_id, 3, by=STAFF, contact=anonymous))
    assert edited.contact == anonymous


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
def test_what_has_ended_changes_no_more(ending: str) -> None:
    policy: dict[str, Any] = {"requires_approval": True, "approval_ttl_seconds": 60}
    floor = Floor(Policy(**policy))
    booking = booked(floor, "s1")
    if ending == "cancelled":
        accepted(cancel(floor, booking.booking_id))
    floor.pass_time(60)
    denied = rejected(edit(floor, booking.booking_id, 2, by=STAFF, notes="x"))
    assert (denied.code, denied.facts) == (Code.INVALID_TRANSITION, {"currentStatus": ending})


def test_a_request_that_waits_can_be_edited_and_waits_on() -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=60))
    booking = booked(floor, "s1")
    decision = accepted(edit(floor, booking.booking_id, 1, notes="x"))
    assert decision.valid_until == booking.approval_expires_at
    assert booking_in(decision).approval_expires_at == booking.approval_expires_at
