"""What comes free in other channels: overlapping slots, and dates that a booking moves away from."""

from __future__ import annotations

import pytest
from tests.unit.domain.build import DATE, KEY, STAFF, accepted
from tests.unit.domain.waiting import ZOE, Queue, tables

from command_api.domain.commands import (
    HoldSections,
    LeaveWaitlist,
    ReleaseHold,
    RescheduleBooking,
)
from holdfast.contracts.bookings import RescheduleRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldRequest
from holdfast.contracts.states import (
    WaitlistStatus,
)
from holdfast.contracts.venues import Policy, Slot

EARLY = ChannelKey("backroom", "leeds", DATE, "early")
SLOTS = [
    Slot(slot_id="early", start="19:00", end="22:00"),
    Slot(slot_id="late", start="21:00", end="24:00"),
]


def hold_early(queue: Queue, section_id: str) -> None:
    request = HoldRequest(date=DATE, slot_id="early", section_ids=[section_id])
    accepted(
        queue.run(
            HoldSections(
                channel=EARLY, asker=ZOE, request=request, customer_id="zoe", hold_id="early-hold"
            )
        )
    )


def test_what_comes_free_in_an_overlapping_slot_is_offered_to_who_waits_here() -> None:
    queue = Queue(sections=tables(4), slots=SLOTS)
    hold_early(queue, "t0")
    entry = queue.join("ann", 2)
    assert entry.status is WaitlistStatus.WAITING
    accepted(queue.run(ReleaseHold(channel=EARLY, asker=ZOE, hold_id="early-hold", record=None)))
    assert queue.offered(entry.entry_id) == ["t0"]
    mirrored = queue.channels.get(EARLY).claims["t0"]["hld_e1_1"]
    assert mirrored.channel == KEY.name


@pytest.mark.parametrize("seconds", [0, 1])
def test_over_overlapping_slots_the_earliest_entry_is_first(seconds: int) -> None:
    for first, second in ((KEY, EARLY), (EARLY, KEY)):
        queue = Queue(sections=tables(4), slots=SLOTS)
        hold_early(queue, "t0")
        left = queue.join("cat", 4, at=first).entry_id  # Ann is the second there, Bob the first
        queue.join("ann", 2, at=first)
        accepted(queue.run(LeaveWaitlist(channel=first, asker=STAFF, entry_id=left, record=None)))
        queue.pass_time(seconds)
        queue.join("bob", 2, at=second)
        accepted(
            queue.run(ReleaseHold(channel=EARLY, asker=ZOE, hold_id="early-hold", record=None))
        )
        assert (queue.status("e2"), queue.status("e3")) == ("offered", "waiting")


def test_who_joins_again_after_their_offer_ran_out_is_behind_those_of_overlapping_slots() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(4), slots=SLOTS)
    queue.join("ann", 2)
    queue.join("bob", 2, at=EARLY)
    queue.pass_time(60)
    again = queue.join("ann", 2)
    assert (again.offer, queue.offered("e2")) == (None, ["t0"])


def test_a_booking_that_moves_away_leaves_its_table_to_who_waits() -> None:
    queue = Queue(sections=tables(4))
    booking = queue.book("t0")
    queue.join("ann", 2)
    there = ChannelKey("backroom", "leeds", "2026-02-16", "late")
    moved = RescheduleBooking(
        channel=KEY,
        asker=STAFF,
        booking_id=booking.booking_id,
        to=there,
        request=RescheduleRequest(date=there.date, slot_id=there.slot),
        record=None,
    )
    accepted(queue.run(moved))
    assert queue.offered("e1") == ["t0"]
