"""Rescheduling a booking to another date, slot, sections."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.domain.build import DATE, MANAGER, STAFF, accepted, customer, rejected
from tests.unit.domain.elsewhere import DINNER, EARLY, LATE, NEXT, NEXT_DATE, SLOTS, Nights

from command_api.domain.commands import JoinWaitlist, MoveBooking
from command_api.domain.decision import Wanted
from command_api.domain.model import QuotaKey
from command_api.domain.records import HoldRecord, Transaction
from holdfast.contracts.bookings import Payment
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, ClaimKind, OnConflict, Reason, SectionState
from holdfast.contracts.venues import Deposit, Policy, SlotException
from holdfast.contracts.waitlist import WaitlistRequest

BOB = customer("bob")


def night(place: Nights, date: str) -> dict[str, tuple[int, str | None]]:
    key = QuotaKey("backroom", "leeds", date, "ann")
    entries = place.quotas.get(key).entries
    return {id_: (len(tables), until) for id_, (tables, until) in entries.items()}


def test_a_booking_goes_to_another_date_with_all_that_it_has() -> None:
    place = Nights()
    booking = place.book("t1", "s1", "p", quantities={"p": 3}, party_size=4)
    outcome = accepted(place.try_move(booking.booking_id, NEXT, reason="a week later"))
    place.check()
    moved = outcome.answer
    assert moved == place.move(booking.booking_id, NEXT, reason="a week later")
    assert (moved.date, moved.slot_id, moved.channel) == (NEXT_DATE, "late", NEXT.name)
    assert moved.starts_at == "2026-02-22T21:00:00.000Z"
    assert moved.ends_at == "2026-02-23T03:00:00.000Z"
    assert (moved.status, moved.revision) == (BookingStatus.CONFIRMED, 2)
    assert moved.status_reason == "a week later"
    assert [(item.section_id, item.quantity) for item in moved.items] == [
        ("t1", 1),
        ("s1", 1),
        ("p", 3),
    ]
    assert place.taken(LATE) == set()
    assert place.taken(NEXT) == {"t1-1", "t1-2", "t1-3", "t1-4", "s1", "p"}
    assert moved.version == place.channels.get(NEXT).version
    assert place.booking(booking.booking_id).claims["p"] == 3


def test_both_channels_go_on_by_one_version_for_each_section_and_table() -> None:
    place = Nights(slots=SLOTS[:1])
    booking = place.book("t1", "s1")
    before = place.channels.get(LATE).version
    outcome = accepted(place.try_move(booking.booking_id, NEXT))
    old, new = (outcome.parts[key].events for key in (LATE, NEXT))
    assert [event.version for event in old] == list(range(before + 1, before + 7))
    assert [event.version for event in new] == list(range(1, 7))
    for event in outcome.events:
        assert event.reason is Reason.BOOKING_RESCHEDULED
        assert event.booking_id == booking.booking_id
    assert {event.new_state for event in old} == {SectionState.AVAILABLE}
    assert {event.new_state for event in new} == {SectionState.CONFIRMED}
    assert outcome.parts[LATE].gone == [booking.booking_id]


def test_the_notice_says_where_it_was_and_nothing_personal() -> None:
    place = Nights()
    booking = place.book("s1", notes="a secret")
    outcome = accepted(place.try_move(booking.booking_id, NEXT, "s2", reason="somebody's words"))
    (notice,) = outcome.notices
    assert outcome.parts[NEXT].notices == [notice]
    assert notice.type is NoticeType.BOOKING_RESCHEDULED
    assert (notice.date, notice.section_ids, notice.revision) == (NEXT_DATE, ["s2"], 2)
    assert notice.data["previousDate"] == DATE
    assert notice.data["previousSlotId"] == "late"
    assert notice.data["previousSectionIds"] == ["s1"]
    said = msgspec.json.encode([outcome.events, outcome.notices]).decode()
    assert "a secret" not in said
    assert "somebody" not in said


def test_the_price_is_that_of_the_new_place() -> None:
    place = Nights()
    booking = place.book("s1", at=LATE)
    moved = place.move(booking.booking_id, EARLY, "s3")
    assert (booking.total_amount, moved.total_amount) == (5000, 300)
    claims = place.channels.get(EARLY).claims["s3"]
    assert claims[booking.booking_id].amount == 300


def test_the_same_place_again_answers_the_same_and_writes_nothing() -> None:
    place = Nights(Policy(cancel_until_minutes=24 * 60))
    booking = place.book("s1", "t1")
    assert rejected(place.try_move(booking.booking_id, NEXT)).code is Code.INVALID_TRANSITION
    for sections in ((), ("t1", "s1")):
        outcome = accepted(place.try_move(booking.booking_id, LATE, *sections))
        assert not outcome.parts
        assert outcome.answer == booking


def test_other_sections_of_the_same_channel_leave_alone_what_stays() -> None:
    place = Nights(slots=SLOTS[:1])
    booking = place.book("s1", "s2")
    outcome = accepted(place.try_move(booking.booking_id, LATE, "s2", "s3"))
    place.check()
    assert [event.section_id for event in outcome.events] == ["s1", "s3"]
    assert place.booking(booking.booking_id).claims == {"s2": 1, "s3": 1}
    assert outcome.parts[LATE].gone == []


def test_its_own_mirror_is_not_in_its_way_and_nobody_sees_it_free_in_between() -> None:
    place = Nights()
    booking = place.book("s1", at=LATE)
    outcome = accepted(place.try_move(booking.booking_id, DINNER))
    place.check()
    for key in (LATE, DINNER):
        (event,) = outcome.parts[key].events
        assert (event.previous_state, event.new_state) == (SectionState.CONFIRMED,) * 2
    assert place.taken(EARLY) == place.taken(LATE) == place.taken(DINNER) == {"s1"}
    assert place.channels.get(LATE).claims["s1"][booking.booking_id].channel == DINNER.name
    place.move(booking.booking_id, EARLY)
    place.check()
    assert (place.taken(LATE), place.taken(DINNER)) == (set(), {"s1"})
    accepted(place.try_book("s1", at=LATE, by=BOB))
    place.check()


def test_where_its_own_mirror_lies_somebody_elses_may_lie_too() -> None:
    # Early and late do not overlap, so both may have the section; dinner overlaps both.
    place = Nights()
    booking = place.book("s1", "p", at=EARLY, quantities={"p": 4})
    place.book("s1", "p", at=LATE, by=BOB, quantities={"p": 2})
    denied = rejected(place.try_move(booking.booking_id, DINNER, "s1"))
    assert denied.facts["conflictingSections"] == ["s1"]
    denied = rejected(place.try_move(booking.booking_id, DINNER, "p"))
    assert (denied.facts["requested"], denied.facts["available"]) == (4, 3)
    place.move(booking.booking_id, DINNER, "p", quantities={"p": 3})
    place.check()


def test_a_pool_that_it_fills_itself_is_free_for_it_and_for_nobody_else() -> None:
    place = Nights()
    booking = place.book("p", at=LATE, quantities={"p": 4})
    place.move(booking.booking_id, DINNER)
    denied = rejected(place.try_move(booking.booking_id, LATE, "p", quantities={"p": 6}))
    assert denied.code is Code.CAPACITY_EXCEEDED
    assert (denied.facts["requested"], denied.facts["available"]) == (6, 5)
    place.move(booking.booking_id, LATE, "p", quantities={"p": 5})
    place.check()
    assert rejected(place.try_book("p", at=DINNER, by=BOB)).code is Code.SECTION_NOT_AVAILABLE


def test_what_is_taken_there_is_in_the_way_and_all_stays_as_it_was() -> None:
    place = Nights()
    mine = place.book("s1", "t1")
    place.book("t1-2", at=NEXT, by=BOB)
    before = msgspec.json.encode(list(place.channels.values()))
    denied = rejected(place.try_move(mine.booking_id, NEXT))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts["conflictingSections"] == ["t1-2"]
    assert msgspec.json.encode(list(place.channels.values())) == before


def test_who_names_no_sections_is_refused_with_what_the_booking_has_for_how_many() -> None:
    """So that the answer can say what else there is."""
    place = Nights()
    booking = place.book("s1", "p", quantities={"p": 3}, party_size=4)
    place.book("s1", at=NEXT, by=BOB)
    denied = rejected(place.try_move(booking.booking_id, NEXT))
    assert denied.wanted == Wanted(sections={"s1": 1, "p": 3}, party_size=4)


def test_a_hold_past_its_time_is_not_in_the_way() -> None:
    place = Nights()
    place.hold("s1", by=BOB, ttl_seconds=60)
    place.hold("s2", by=BOB, ttl_seconds=900)
    booking = place.book("s1", at=NEXT)
    place.pass_time(60)
    assert rejected(place.try_move(booking.booking_id, LATE, "s1", "s2")).code is (
        Code.SECTION_NOT_AVAILABLE
    )
    outcome = accepted(place.try_move(booking.booking_id, LATE))
    assert outcome.valid_from == place.now
    place.check()
    assert [notice.type for notice in outcome.notices] == [
        NoticeType.HOLD_EXPIRED,
        NoticeType.BOOKING_RESCHEDULED,
    ]


def test_two_who_want_to_swap_find_each_other_in_the_way_and_lose_nothing() -> None:
    place = Nights()
    ann, bob = place.book("s1"), place.book("s1", at=NEXT, by=BOB)
    assert rejected(place.try_move(ann.booking_id, NEXT)).code is Code.SECTION_NOT_AVAILABLE
    assert rejected(place.try_move(bob.booking_id, LATE, by=BOB)).code is (
        Code.SECTION_NOT_AVAILABLE
    )
    place.move(ann.booking_id, NEXT, "s2")
    place.move(bob.booking_id, LATE, by=BOB)
    place.move(ann.booking_id, NEXT, "s1")
    place.check()


def test_the_tables_of_both_nights_are_counted_right() -> None:
    place = Nights(Policy(max_tables_per_customer_per_date=2))
    booking = place.book("t1", "s1")
    other = place.book("s2", at=NEXT)
    denied = rejected(place.try_move(booking.booking_id, NEXT))
    assert denied.code is Code.MAX_TABLES_EXCEEDED
    assert denied.facts == {"max": 2, "current": 1}
    place.move(booking.booking_id, NEXT, "s1")
    assert night(place, DATE) == {}
    assert {id_: tables for id_, (tables, _until) in night(place, NEXT_DATE).items()} == {
        booking.booking_id: 1,
        other.booking_id: 1,
    }
    # On the same date it is not counted beside itself.
    place.move(booking.booking_id, ChannelKey("backroom", "leeds", NEXT_DATE, "early"), "s3")


def test_customers_leave_in_time_and_staff_at_any() -> None:
    place = Nights(Policy(cancel_until_minutes=120))
    booking = place.book("s1")
    outcome = accepted(place.try_move(booking.booking_id, NEXT))
    assert outcome.valid_until == "2026-02-15T19:00:00.000Z"
    place.move(booking.booking_id, LATE)
    place.pass_time(3600)
    denied = rejected(place.try_move(booking.booking_id, NEXT))
    assert denied.code is Code.INVALID_TRANSITION
    assert denied.valid_from == "2026-02-15T19:00:00.000Z"
    place.pass_time(8 * 3600)
    assert rejected(place.try_move(booking.booking_id, NEXT)).code is Code.INVALID_TRANSITION
    place.move(booking.booking_id, NEXT, by=STAFF)


def test_the_new_slot_must_be_open_for_the_asker() -> None:
    late = msgspec.structs.replace(
        SLOTS[0], exceptions=[SlotException(date=NEXT_DATE, closed=True)]
    )
    policy = Policy(booking_horizon_days=30, min_lead_minutes=60)
    place = Nights(policy, slots=[late, *SLOTS[1:]])
    booking = place.book("s1")
    far = ChannelKey("backroom", "leeds", "2026-05-01", "late")
    for to in (NEXT, far, EARLY):
        denied = rejected(place.try_move(booking.booking_id, to))
        assert denied.code is Code.SLOT_CLOSED
    nowhere = ChannelKey("backroom", "leeds", DATE, "brunch")
    assert rejected(place.try_move(booking.booking_id, nowhere)).code is Code.SLOT_NOT_FOUND
    assert rejected(place.try_move(booking.booking_id, NEXT, by=STAFF)).code is Code.SLOT_CLOSED
    place.move(booking.booking_id, far, by=STAFF)
    place.move(booking.booking_id, EARLY, by=STAFF)


def test_the_party_must_fit_and_unknown_sections_are_named() -> None:
    place = Nights()
    booking = place.book("s2", party_size=6)
    assert rejected(place.try_move(booking.booking_id, NEXT, "s1")).code is Code.CAPACITY_MISMATCH
    denied = rejected(place.try_move(booking.booking_id, NEXT, "s1", "x9"))
    assert (denied.code, denied.facts) == (Code.SECTION_NOT_FOUND, {"sectionIds": ["x9"]})
    twice = rejected(place.try_move(booking.booking_id, NEXT, "t1", "t1-1"))
    assert twice.code is Code.DUPLICATE_SECTIONS
    stray = rejected(place.try_move(booking.booking_id, NEXT, quantities={"p": 2}))
    assert stray.code is Code.VALIDATION_FAILED


def test_nobody_moves_another_customers_booking() -> None:
    place = Nights()
    booking = place.book("s1")
    denied = rejected(place.try_move(booking.booking_id, NEXT, by=BOB))
    assert denied.code is Code.ACTION_NOT_PERMITTED


def test_what_has_ended_or_begun_stays_where_it_is() -> None:
    place = Nights()
    gone, here = place.book("s1"), place.book("s2")
    accepted(place.cancel(gone.booking_id))
    arrived = MoveBooking(
        channel=LATE,
        asker=STAFF,
        booking_id=here.booking_id,
        verb="check-in",
        reason=None,
        record=None,
    )
    accepted(place.run(arrived))
    for booking, status in ((gone, "cancelled"), (here, "checked_in")):
        denied = rejected(place.try_move(booking.booking_id, NEXT, by=MANAGER))
        assert denied.code is Code.INVALID_TRANSITION
        assert denied.facts == {"currentStatus": status}


APPROVAL = Policy(requires_approval=True, approval_ttl_seconds=7200)


def test_a_confirmed_booking_waits_again_where_a_customer_moves_it() -> None:
    place = Nights(APPROVAL)
    booking = place.book("s1", by=MANAGER, customer_id="ann")
    assert booking.status is BookingStatus.CONFIRMED
    moved = place.move(booking.booking_id, NEXT, by=MANAGER)
    assert (moved.status, moved.approval_expires_at) == (BookingStatus.CONFIRMED, None)
    back = place.move(booking.booking_id, LATE)
    assert back.status is BookingStatus.PENDING_APPROVAL
    assert back.approval_expires_at == "2026-02-15T20:00:00.000Z"
    (claim,) = place.channels.get(LATE).claims["s1"].values()
    assert (claim.kind, claim.expires_at) == (ClaimKind.PENDING, back.approval_expires_at)


def test_a_request_goes_on_waiting_with_a_deadline_that_fits_its_new_start() -> None:
    place = Nights(APPROVAL)
    booking = place.book("s1")
    assert booking.approval_expires_at == "2026-02-15T20:00:00.000Z"
    place.pass_time(60)
    moved = place.move(booking.booking_id, EARLY, by=MANAGER)
    assert moved.status is BookingStatus.PENDING_APPROVAL
    assert moved.approval_expires_at == moved.starts_at == "2026-02-15T18:30:00.000Z"
    place.move(booking.booking_id, NEXT)
    assert place.booking(booking.booking_id).approval_expires_at == "2026-02-15T20:01:00.000Z"
    place.pass_time(3600)
    denied = rejected(place.try_move(booking.booking_id, EARLY, by=MANAGER))
    assert denied.code is Code.SLOT_CLOSED
    place.pass_time(3600)
    denied = rejected(place.try_move(booking.booking_id, LATE))
    assert denied.facts == {"currentStatus": "expired"}


def test_a_higher_deposit_is_paid_before_the_move_and_what_was_paid_stays() -> None:
    place = Nights(Policy(deposit=Deposit(type="percent", amount=20)))
    booking = place.book("s2", by=STAFF, customer_id="ann")
    assert booking.deposit_amount == 140
    place.move(booking.booking_id, NEXT)  # staff asked for no deposit, and no more is asked now
    denied = rejected(place.try_move(booking.booking_id, NEXT, "s1"))
    assert denied.code is Code.PAYMENT_REQUIRED
    assert denied.facts == {"depositAmount": 1000, "paidAmount": 0, "currency": "GBP"}
    state = place.channels.get(NEXT)
    state.put(
        msgspec.structs.replace(
            place.booking(booking.booking_id),
            paid_amount=1000,
            transactions={"x": Transaction(1000)},
        )
    )
    moved = place.move(booking.booking_id, NEXT, "s1")
    assert (moved.total_amount, moved.deposit_amount, moved.paid_amount) == (5000, 1000, 1000)
    assert place.booking(booking.booking_id).transactions == {"x": Transaction(1000)}


def test_what_staff_said_was_paid_counts_up_to_the_price_it_was_paid_for() -> None:
    place = Nights(Policy(deposit=Deposit(type="percent", amount=20)))
    paid = Payment(method="cash")
    booking = place.book("s2", by=STAFF, customer_id="ann", payment=paid)
    assert rejected(place.try_move(booking.booking_id, NEXT, "s1")).code is Code.PAYMENT_REQUIRED
    place.move(booking.booking_id, NEXT, "s1", by=STAFF)
    assert place.move(booking.booking_id, LATE, "s1").payment == paid


@pytest.mark.parametrize("section", ["t1", "t1-1", "m", "p"])
def test_a_block_in_the_new_place_is_in_the_way(section: str) -> None:
    place = Nights()
    booking = place.book("s1", at=NEXT)
    place.block(section)
    assert rejected(place.try_move(booking.booking_id, LATE, section)).code is (
        Code.SECTION_NOT_AVAILABLE
    )
    place.check()


def test_what_it_leaves_is_offered_to_who_waits_for_it_and_what_it_keeps_is_not() -> None:
    place = Nights(slots=SLOTS[:1])
    place.block(*(f"{table}-{seat}" for table in ("t1", "t2") for seat in (1, 2)))
    booking = place.book("s1", "s2")
    place.book("s3", "m", "p", by=STAFF, quantities={"m": 3, "p": 5})
    place.block(*(f"a{seat}" for seat in range(1, 7)), "t1-3", "t1-4")
    waits = WaitlistRequest(date=LATE.date, slot_id=LATE.slot, party_size=4)
    accepted(
        place.run(
            JoinWaitlist(
                channel=LATE, asker=BOB, request=waits, customer_id="bob", entry_id="wle_1"
            )
        )
    )
    outcome = accepted(place.try_move(booking.booking_id, LATE, "s1"))
    place.check()
    (hold,) = (record for record in outcome.records if isinstance(record, HoldRecord))
    assert (hold.customer_id, hold.claims) == ("bob", {"s2": 1})
    assert place.booking(booking.booking_id).claims == {"s1": 1}


def test_a_block_that_waits_takes_what_it_leaves() -> None:
    place = Nights(slots=SLOTS[:1])
    booking = place.book("s1", "s2")
    block = place.block("s1", on_conflict=OnConflict.AFTER_RELEASE)
    place.move(booking.booking_id, NEXT)
    (claim,) = place.channels.get(LATE).claims["s1"].values()
    assert (claim.claim_id, claim.kind) == (block.block_id, ClaimKind.BLOCK)
    place.check()
