"""Edge cases of the booking domain, each in a sentence: who waits, what comes from elsewhere, people."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.domain.build import DATE, KEY, MANAGER, accepted, customer, rejected
from tests.unit.domain.edges import BOB, LAST_DATE, Place
from tests.unit.domain.elsewhere import LATE, NEXT, NEXT_DATE
from tests.unit.domain.waiting import Queue, tables

from command_api.domain.alternatives.ranking import alternatives_for
from command_api.domain.alternatives.wishes import Wish, surroundings
from command_api.domain.commands import ErasePersonalData
from holdfast.contracts.bookings import Contact
from holdfast.contracts.customers import Erasure
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.queries import AlternativeKind
from holdfast.contracts.states import BookingStatus, SectionState, WaitlistStatus
from holdfast.contracts.venues import Policy, SlotException

ZOE = customer("zoe")
GUEST = customer("guest", is_guest=True)

# Waiting


def test_a_party_too_large_for_what_comes_free_is_passed_over_and_stays_first() -> None:
    queue = Queue(sections=tables(2, 6))
    small, large = queue.hold("t0", by=ZOE).hold_id, queue.hold("t1", by=ZOE).hold_id
    for name, size in (("ann", 6), ("bob", 2), ("cat", 2)):
        queue.join(name, size)
    accepted(queue.release(small, by=ZOE))
    assert [queue.offered(f"e{n}") for n in (1, 2, 3)] == [[], ["t0"], []]
    accepted(queue.release(large, by=ZOE))
    assert [queue.offered(f"e{n}") for n in (1, 2, 3)] == [["t1"], ["t0"], []]


def test_an_offer_nobody_takes_goes_to_the_next_and_then_to_the_next() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(2))
    held = queue.hold("t0", by=ZOE).hold_id
    for name in ("ann", "bob", "cat"):
        queue.join(name, 2)
    accepted(queue.release(held, by=ZOE))
    offer = queue.entry("e1").hold_id or ""
    queue.pass_time(60)
    assert rejected(queue.accept(offer, customer("ann"))).code is Code.OFFER_EXPIRED
    queue.expire(offer)
    assert queue.offered("e2") == ["t0"]
    queue.pass_time(60)
    assert rejected(queue.try_hold("t0", by=ZOE)).code is Code.SECTION_NOT_AVAILABLE
    queue.expire(queue.entry("e2").hold_id or "")
    statuses = [queue.status(f"e{n}").value for n in (1, 2, 3)]
    assert statuses == ["expired", "expired", "offered"]


def test_once_bookings_have_closed_nothing_is_offered_any_more() -> None:
    queue = Queue(Policy(min_lead_minutes=60), sections=tables(2))
    held = queue.hold("t0", by=ZOE, ttl_seconds=900)
    queue.confirm(held.hold_id, by=ZOE)
    queue.join("ann", 2)
    queue.now = "2026-02-15T20:00:00.000Z"
    booking = next(id_ for id_ in queue.state.records if id_.startswith("b"))
    accepted(queue.cancel(booking, by=ZOE))
    assert (queue.offered("e1"), queue.section("t0").state) == ([], SectionState.AVAILABLE)
    queue.serve()
    assert queue.status("e1") is WaitlistStatus.EXPIRED


def test_who_joins_twice_keeps_their_place_and_has_one() -> None:
    queue = Queue(sections=tables(2))
    queue.hold("t0", by=ZOE)
    first = queue.join("ann", 2)
    queue.join("bob", 2)
    again = queue.join("ann", 2)
    assert (again.entry_id, again.position) == (first.entry_id, 1)
    assert rejected(queue.try_join("ann", 1)).code is Code.INVALID_TRANSITION
    assert len(queue.state.entries) == 2


def test_a_newcomer_cannot_jump_the_queue_however_the_table_comes_free() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=600), sections=tables(2))
    queue.hold("t0", by=ZOE)
    queue.join("ann", 2)
    queue.pass_time(301)  # nobody has swept it
    assert rejected(queue.try_hold("t0", by=BOB)).code is Code.SECTION_NOT_AVAILABLE
    queue.expire(*queue.state.records)
    assert queue.offered("e1") == ["t0"]
    assert rejected(queue.try_hold("t0", by=BOB)).code is Code.SECTION_NOT_AVAILABLE


def test_alternatives_are_ranked_the_nearest_to_what_was_asked_for_first() -> None:
    place = Place()
    place.book("a3", by=BOB)
    for key in surroundings(place.venue, KEY):
        place.channels.get(key)
    wish = Wish(channel=KEY, section_ids=("a3",))
    found = alternatives_for(place.venue, place.channels, wish, place.now)
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)
    assert found.items[0].kind is AlternativeKind.OTHER_SECTION
    kinds = {item.kind for item in found.items}
    assert {AlternativeKind.ADJACENT_SLOT, AlternativeKind.OTHER_DATE} <= kinds
    dinner = [item for item in found.items if (item.date, item.slot_id) == (DATE, "dinner")]
    assert dinner == [], "what overlaps is taken there as well"


# From elsewhere


@pytest.mark.parametrize(
    ("paid", "created_at", "tier", "wins"),
    [
        (True, "2026-02-15T19:00:00.000Z", None, True),  # who paid, before who was earlier
        (False, "2026-02-01T12:00:00.000Z", None, True),  # who was earlier
        (False, "2026-02-15T19:00:00.000Z", "vip", False),  # VIPs only where both are of one moment
        (False, "2026-02-15T18:00:00.000Z", "vip", True),
        (False, "2026-02-15T18:00:00.000Z", None, False),  # who has it keeps it
    ],
)
def test_of_two_bookings_of_one_table_who_paid_was_earlier_or_is_a_vip_has_it(
    paid: bool, created_at: str, tier: str | None, wins: bool
) -> None:
    place = Place()
    here = place.book("s1", by=BOB).booking_id
    place.now = max(place.now, created_at)
    made = place.import_("x1", "s1", created_at=created_at, paid=paid, tier=tier)
    assert made.booking_id is not None
    assert made.conflict_id is not None
    assert place.resolve(made.conflict_id).winner_id == (made.booking_id if wins else here)
    (claim,) = place.section("s1").claims
    assert claim.claim_id == (made.booking_id if wins else here)
    loser = place.booking(here if wins else made.booking_id)
    assert loser.status is BookingStatus.CANCELLED
    assert loser.compensation is not None


def test_what_is_imported_twice_is_there_once_whatever_became_of_it() -> None:
    place = Place()
    first = place.import_("x1", "s1")
    accepted(place.end(first.booking_id or "", by=MANAGER))
    again = place.import_("x1", "s1")
    assert again == first
    assert place.section("s1").state is SectionState.AVAILABLE


def test_a_series_with_one_closed_night_books_the_others_or_none() -> None:
    place = Place()
    late = next(slot for slot in place.venue.definition.slots if slot.slot_id == "late")
    shut = SlotException(date=NEXT_DATE, closed=True)
    slots = [msgspec.structs.replace(late, exceptions=[shut])]
    place.redefine(slots=slots, sections=place.venue.definition.sections)
    codes = place.series("t1")
    assert codes == {DATE: None, NEXT_DATE: Code.SLOT_CLOSED, LAST_DATE: None}
    other = Place(slots=slots)
    assert other.denied(other.try_series("t1", all_or_nothing=True)) is Code.SLOT_CLOSED
    assert not any(state.claims for state in other.channels.values())


def test_a_series_that_is_half_over_is_cancelled_from_here_on() -> None:
    place = Place()
    place.series("t1")
    place.wait_until("2026-02-20T12:00:00.000Z")
    assert place.cancel_series() == {NEXT_DATE: None, LAST_DATE: None}
    assert place.booking(f"ser-{DATE}").status is BookingStatus.CONFIRMED
    assert place.booking(f"ser-{NEXT_DATE}").status is BookingStatus.CANCELLED
    assert (place.taken(NEXT), len(place.taken(LATE))) == (set(), 4)


# People


def test_erased_data_is_gone_from_what_has_ended_and_what_is_to_come_and_from_no_event() -> None:
    place = Place()
    to_come = place.book("s1", notes="nuts").booking_id
    over = place.book("s2", notes="nuts").booking_id
    accepted(place.end(over))
    command = ErasePersonalData(
        channel=LATE,
        asker=MANAGER,
        customer_id="ann",
        records=tuple(place.ended.values()),
    )
    decision = accepted(place.run(command))
    assert isinstance(decision.answer, Erasure)
    assert sorted(decision.answer.erased_booking_ids) == sorted([to_come, over])
    assert decision.answer.active_booking_ids == [to_come]
    assert not decision.events
    assert {notice.type for notice in decision.notices} == {NoticeType.BOOKING_CHANGED}
    for id_ in (to_come, over):
        assert (place.booking(id_).contact, place.booking(id_).notes) == (None, None)
    written = [*(d.events for d in place.decisions), *(d.notices for d in place.decisions)]
    assert b"nuts" not in msgspec.json.encode(written)
    assert place.section("s1").state is SectionState.CONFIRMED


@pytest.mark.parametrize("allowed", [True, False])
def test_guests_without_an_account_take_nothing_where_the_venue_does_not_let_them(
    allowed: bool,
) -> None:
    place = Place(Policy(guest_checkout=allowed))
    outcomes = [
        place.try_hold("s1", by=GUEST),
        place.try_book("s2", by=GUEST),
        place.try_join("guest", 2, by=GUEST),
    ]
    if allowed:
        assert all(accepted(outcome).parts for outcome in outcomes)
    else:
        assert {place.denied(x) for x in outcomes} == {Code.ACTION_NOT_PERMITTED}
        assert place.state.version == 0


def test_a_customer_cannot_touch_what_is_anothers() -> None:
    place = Place()
    hold, booking = place.hold("s1").hold_id, place.book("s2").booking_id
    entry = place.join("ann", 2).entry_id
    offer = place.entry(entry).hold_id or ""
    before = msgspec.json.encode(place.state.records)
    outcomes = {
        Code.HOLD_NOT_OWNED: [
            place.release(hold, by=BOB),
            place.extend(hold, by=BOB),
            place.try_confirm(hold, by=BOB),
            place.try_change(hold, by=BOB, add=["s3"]),
        ],
        Code.ACTION_NOT_PERMITTED: [
            place.end(booking, by=BOB),
            place.try_move(booking, NEXT, by=BOB),
        ],
        Code.OFFER_NOT_FOUND: [place.accept(offer, BOB), place.decline(offer, BOB)],
        Code.WAITLIST_ENTRY_NOT_FOUND: [place.leave(entry, BOB)],
    }
    for code, denied in outcomes.items():
        assert {place.denied(outcome) for outcome in denied} == {code}
    assert msgspec.json.encode(place.state.records) == before


@pytest.mark.parametrize(
    "name", ["Zoë Ångström-Łukasz", "山田 太郎", "نور", "O’Brien 🎂", "e\u0301mile"]
)
def test_names_in_any_script_stay_as_they_were_written_and_stay_out_of_events(name: str) -> None:
    place = Place()
    booking = place.book("s1", contact=Contact(name=name), notes=f"for {name}")
    assert booking.contact is not None
    stored = msgspec.json.decode(msgspec.json.encode(booking))
    assert (stored["contact"]["name"], stored["notes"]) == (name, f"for {name}")
    moved = place.move(booking.booking_id, NEXT)
    assert moved.contact == booking.contact
    written = [(decision.events, decision.notices) for decision in place.decisions]
    assert name.encode() not in msgspec.json.encode(written)
