"""Overlapping slots sell the same sections at the same time."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.unit.domain.build import DATE, KEY, Floor, accepted, customer, rejected, venue

from command_api.domain.commands import ConfirmHold, ExpireRecords, HoldSections, ReleaseHold
from command_api.domain.decide import decide
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.overlaps import overlapping
from command_api.domain.evolve import apply
from command_api.domain.model import ChannelState
from command_api.domain.times import later
from holdfast.contracts.bookings import ConfirmRequest, Contact
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldRequest
from holdfast.contracts.problems import Code
from holdfast.contracts.states import ClaimKind
from holdfast.contracts.venues import Policy, Slot, SlotException

EARLY = ChannelKey("backroom", "leeds", DATE, "early")
LATE = KEY
DINNER = ChannelKey("backroom", "leeds", DATE, "dinner")
SLOTS = [
    Slot(slot_id="early", start="19:00", end="22:00"),
    Slot(slot_id="late", start="21:00", end="24:00"),
    Slot(slot_id="dinner", start="23:00", end="26:00"),
    Slot(slot_id="brunch", start="10:00", end="12:00"),
]


def floor(**more: Any) -> Floor:
    return Floor(slots=SLOTS, **more)


def hold(
    place: Floor, key: ChannelKey, *sections: str, by: str = "ann", id_: str = ""
) -> Decision | Rejection:
    request = HoldRequest(date=key.date, slot_id=key.slot, section_ids=list(sections))
    return place.run(
        HoldSections(
            channel=key,
            asker=customer(by),
            request=request,
            customer_id=by,
            hold_id=f"{key.slot}-{by}-{sections[0]}",
        )
    )


def release(place: Floor, key: ChannelKey, hold_id: str, by: str = "ann") -> Decision | Rejection:
    return place.run(ReleaseHold(channel=key, asker=customer(by), hold_id=hold_id, record=None))


def test_windows_that_share_a_moment_overlap_and_those_that_touch_do_not() -> None:
    made = venue(slots=[*SLOTS, Slot(slot_id="next", start="22:00", end="23:00")])
    assert [key.slot for key in overlapping(made, EARLY)] == ["late"]
    assert [key.slot for key in overlapping(made, LATE)] == ["dinner", "early", "next"]


def test_a_slot_past_midnight_overlaps_the_next_dates_morning() -> None:
    made = venue(
        slots=[
            Slot(slot_id="night", start="22:00", end="30:00"),
            Slot(slot_id="morning", start="05:00", end="08:00"),
        ]
    )
    night = ChannelKey("backroom", "leeds", "2026-02-15", "night")
    morning = ChannelKey("backroom", "leeds", "2026-02-16", "morning")
    assert overlapping(made, night) == (morning,)
    assert overlapping(made, morning) == (night,)


def test_the_hour_that_comes_twice_is_no_overlap_of_slots_that_only_touch() -> None:
    made = venue(
        slots=[
            Slot(slot_id="a", start="00:00", end="02:00"),
            Slot(slot_id="b", start="02:00", end="04:00"),
        ]
    )
    for date in ("2026-03-29", "2026-10-25"):
        assert overlapping(made, ChannelKey("backroom", "leeds", date, "a")) == ()


def test_an_exception_of_one_date_changes_what_overlaps_on_it() -> None:
    early = msgspec.structs.replace(SLOTS[0], exceptions=[SlotException(date=DATE, end="20:00")])
    made = venue(slots=[early, *SLOTS[1:]])
    assert overlapping(made, EARLY) == ()
    other = ChannelKey("backroom", "leeds", "2026-02-16", "early")
    assert [key.slot for key in overlapping(made, other)] == ["late"]


def test_a_claim_lies_in_every_overlapping_channel_and_leaves_them_all() -> None:
    place = floor()
    accepted(hold(place, LATE, "t1", "s1"))
    for key in (EARLY, DINNER):
        state = place.channels.get(key)
        assert set(state.claims) == {"t1-1", "t1-2", "t1-3", "t1-4", "s1"}
        (claim,) = state.claims["s1"].values()
        assert claim.channel == LATE.name
        assert not state.records
        # Four seats, their table, the section.
        assert state.version == 6
    accepted(release(place, LATE, "late-ann-t1"))
    for key in (EARLY, LATE, DINNER):
        assert not place.channels.get(key).claims


def test_what_is_held_in_a_slot_is_not_available_in_one_that_overlaps() -> None:
    place = floor()
    accepted(hold(place, LATE, "s1"))
    denied = rejected(hold(place, EARLY, "s1", by="bob"))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    accepted(hold(place, EARLY, "s2", by="bob"))
    denied = rejected(hold(place, LATE, "s2", by="cat"))
    assert denied.facts["conflictingSections"] == ["s2"]


def test_the_first_and_the_last_slot_share_the_one_between_without_touching_each_other() -> None:
    place = floor()
    accepted(hold(place, EARLY, "s1"))
    accepted(hold(place, DINNER, "s1", by="bob"))
    late = place.channels.get(LATE)
    assert len(late.claims["s1"]) == 2
    accepted(release(place, EARLY, "early-ann-s1"))
    assert rejected(hold(place, LATE, "s1", by="cat")).code is Code.SECTION_NOT_AVAILABLE
    accepted(release(place, DINNER, "dinner-bob-s1", by="bob"))
    accepted(hold(place, LATE, "s1", by="cat"))


def test_an_expired_hold_of_an_overlapping_slot_denies_nobody() -> None:
    place = floor()
    accepted(hold(place, LATE, "s1"))
    place.now = later(place.now, 301)
    accepted(hold(place, EARLY, "s1", by="bob"))
    late = place.channels.get(LATE)
    (claim,) = late.claims["s1"].values()
    assert (claim.claim_id, claim.channel) == ("early-bob-s1", EARLY.name)
    assert place.ended["late-ann-s1"].version == 2
    assert not place.channels.get(DINNER).claims


def test_confirming_turns_the_claims_of_all_channels() -> None:
    place = floor()
    accepted(hold(place, LATE, "s1"))
    accepted(
        place.run(
            ConfirmHold(
                channel=LATE,
                asker=customer(),
                hold_id="late-ann-s1",
                request=ConfirmRequest(contact=Contact(name="Ann")),
                booking_id="b1",
                reference="REF1",
                record=None,
            )
        )
    )
    for key in (EARLY, LATE, DINNER):
        (claim,) = place.channels.get(key).claims["s1"].values()
        assert (claim.claim_id, claim.kind) == ("b1", ClaimKind.CONFIRMED)


def test_the_sweeper_frees_every_channel() -> None:
    place = floor()
    accepted(hold(place, LATE, "p"))
    place.now = later(place.now, 301)
    accepted(place.run(ExpireRecords(channel=LATE, record_ids=("late-ann-p",))))
    assert not any(place.channels.get(key).claims for key in (EARLY, LATE, DINNER))


def test_a_section_of_one_slot_only_is_not_claimed_in_another() -> None:
    early = msgspec.structs.replace(SLOTS[0], section_ids=["s2", "t2"])
    place = Floor(slots=[early, *SLOTS[1:]])
    accepted(hold(place, LATE, "s1", "t2"))
    assert set(place.channels.get(EARLY).claims) == {"t2-1", "t2-2"}


def test_a_slot_that_moved_away_loses_its_mirrors_with_the_hold() -> None:
    place = floor()
    accepted(hold(place, LATE, "s1"))
    moved = msgspec.structs.replace(SLOTS[2], start="25:00")
    place.venue = venue(slots=[*SLOTS[:2], moved])
    accepted(release(place, LATE, "late-ann-s1"))
    assert not place.channels.get(DINNER).claims


def test_limits_and_waiting_rejections_are_fenced_by_the_own_channel_alone() -> None:
    place = floor(policy=Policy(max_tables_per_customer_per_date=1))
    accepted(hold(place, LATE, "s1"))
    denied = rejected(hold(place, DINNER, "s2"))
    assert denied.code is Code.MAX_TABLES_EXCEEDED


def test_a_channel_is_moved_on_only_by_the_parts_that_name_it() -> None:
    place = floor()
    scope = place.scope(EARLY)
    request = HoldRequest(date=DATE, slot_id="early", section_ids=["s1"])
    command = HoldSections(
        channel=EARLY, asker=customer(), request=request, customer_id="ann", hold_id="h"
    )
    decision = accepted(decide(scope, command, place.now))
    assert set(decision.parts) == {EARLY, LATE}
    assert [event.version for event in decision.parts[LATE].events] == [1]
    apply(scope, decision)
    assert place.channels.get(LATE).version == 1
    assert DINNER not in place.channels or place.channels[DINNER] == ChannelState(DINNER)
