"""Who waits, where, and how waiting ends."""

from __future__ import annotations

from unittest.mock import patch

from tests.unit.domain.build import DATE, KEY, NOW, STAFF, accepted, customer, rejected
from tests.unit.domain.waiting import Queue, tables

from command_api.domain.records import HoldRecord
from command_api.domain.times import later
from holdfast.contracts.bookings import Booking
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Reason, WaitlistStatus
from holdfast.contracts.venues import Category, Policy, Section, Slot, SlotException
from holdfast.contracts.waitlist import WaitlistEntry

ANN, BOB, CAT = customer("ann"), customer("bob"), customer("cat")


def one_table(**more: object) -> Queue:
    """One table of four, booked by Zoe."""
    queue = Queue(sections=tables(4), **more)
    queue.book("t0")
    return queue


def notices(queue: Queue) -> list[NoticeType]:
    return [notice.type for notice in queue.decisions[-1].notices]


def answer(outcome: object) -> WaitlistEntry:
    made = accepted(outcome).answer  # type: ignore[arg-type]
    assert isinstance(made, WaitlistEntry)
    return made


def test_who_joins_waits_behind_those_who_came_before() -> None:
    queue = one_table()
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    assert (first.status, first.position, second.position) == (WaitlistStatus.WAITING, 1, 2)
    assert queue.decisions[-1].created
    assert notices(queue) == [NoticeType.WAITLIST_JOINED]
    assert (second.offer, second.estimated_minutes, second.channel) == (None, None, KEY.name)


def test_joining_moves_no_section() -> None:
    queue = one_table()
    version = queue.state.version
    assert queue.join("ann", 2).version == version == queue.state.version


def test_joining_again_answers_the_entry_that_there_is_and_writes_nothing() -> None:
    queue = one_table()
    first = queue.join("ann", 2)
    assert queue.join("ann", 2) == first
    assert not queue.decisions[-1].created
    assert queue.decisions[-1].parts == {}


def test_joining_again_with_another_party_is_refused() -> None:
    queue = one_table()
    entry = queue.join("ann", 2)
    denied = rejected(queue.try_join("ann", 3))
    assert denied.code is Code.INVALID_TRANSITION
    assert denied.facts == {"currentStatus": "waiting", "entryId": entry.entry_id}


def test_guests_that_staff_put_on_the_list_each_wait_by_themselves() -> None:
    queue = one_table()
    assert [queue.join(None, 2, by=STAFF).position for _ in range(2)] == [1, 2]


def test_what_fits_and_is_free_is_offered_at_once() -> None:
    queue = Queue(sections=tables(4))
    entry = queue.join("ann", 3)
    assert (entry.status, entry.position) == (WaitlistStatus.OFFERED, None)
    assert entry.offer is not None
    assert entry.offer.section_ids == ["t0"]
    assert entry.version == queue.state.version == 1
    assert notices(queue) == [
        NoticeType.WAITLIST_JOINED,
        NoticeType.HOLD_CREATED,
        NoticeType.WAITLIST_OFFERED,
    ]
    assert [event.reason for event in queue.decisions[-1].events] == [Reason.OFFER_CREATED]


def test_a_slot_that_is_closed_or_over_takes_nobody() -> None:
    closed = SlotException(date=DATE, closed=True)
    queue = Queue(slots=[Slot(slot_id="late", start="21:00", end="03:00", exceptions=[closed])])
    assert rejected(queue.try_join("ann", 2)).code is Code.SLOT_CLOSED
    queue = one_table()
    queue.now = "2026-02-16T03:00:00.000Z"
    denied = rejected(queue.try_join("ann", 2))
    assert (denied.code, denied.valid_from) == (Code.SLOT_CLOSED, queue.now)


def test_a_slot_that_does_not_exist_is_not_found() -> None:
    queue = one_table()
    nowhere = ChannelKey("backroom", "leeds", DATE, "brunch")
    assert rejected(queue.try_join("ann", 2, at=nowhere)).code is Code.SLOT_NOT_FOUND


def test_a_party_that_never_fits_is_told_what_does() -> None:
    queue = one_table()
    denied = rejected(queue.try_join("ann", 5))
    assert denied.code is Code.CAPACITY_MISMATCH
    assert denied.facts == {"requested": 5, "min": 1, "max": 4}


def test_only_sections_of_the_slot_count_for_whether_a_party_fits() -> None:
    slot = Slot(slot_id="late", start="21:00", end="03:00", section_ids=["t0"])
    queue = Queue(sections=tables(2, 6), slots=[slot])
    assert rejected(queue.try_join("ann", 5)).facts["max"] == 2


def test_a_category_is_kept_to_and_must_be_there() -> None:
    sections = [
        Section(section_id="a", party_max=4, category_id="gold"),
        Section(section_id="b", party_max=4, category_id="blue"),
    ]
    categories = [Category(category_id="gold"), Category(category_id="blue")]
    queue = Queue(sections=sections, categories=categories)
    assert rejected(queue.try_join("ann", 2, "red")).code is Code.VALIDATION_FAILED
    queue.join("ann", 2, "blue")
    assert queue.offered("e2") == ["b"]


def test_the_list_has_an_end() -> None:
    queue = one_table()
    with patch("command_api.domain.waitlist.joining.MOST_WAITING", 2):
        queue.join("ann", 2)
        queue.join("bob", 2)
        denied = rejected(queue.try_join("cat", 2))
    assert (denied.code, denied.facts["max"]) == (Code.CAPACITY_EXCEEDED, 2)


def test_leaving_lets_the_others_move_up_and_again_answers_the_same() -> None:
    queue = one_table()
    first = queue.join("ann", 2)
    queue.join("bob", 2)
    left = answer(queue.leave(first.entry_id, ANN))
    assert (left.status, left.position) == (WaitlistStatus.LEFT, None)
    assert notices(queue) == [NoticeType.WAITLIST_LEFT]
    assert answer(queue.leave(first.entry_id, ANN)) == left
    assert queue.decisions[-1].parts == {}
    assert queue.join("bob", 2).position == 1


def test_leaving_declines_an_open_offer_which_goes_to_the_next() -> None:
    queue = Queue(sections=tables(4))
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    left = answer(queue.leave(first.entry_id, ANN))
    assert (left.status, left.offer) == (WaitlistStatus.LEFT, None)
    assert queue.offered(second.entry_id) == ["t0"]
    assert notices(queue) == [
        NoticeType.HOLD_RELEASED,
        NoticeType.WAITLIST_DECLINED,
        NoticeType.HOLD_CREATED,
        NoticeType.WAITLIST_OFFERED,
    ]
    assert [event.reason for event in queue.decisions[-1].events] == [
        Reason.OFFER_DECLINED,
        Reason.OFFER_CREATED,
    ]


def test_an_entry_is_its_customers_and_nobody_elses() -> None:
    queue = one_table()
    entry = queue.join("ann", 2)
    denied = rejected(queue.leave(entry.entry_id, BOB))
    assert denied.code is Code.WAITLIST_ENTRY_NOT_FOUND
    assert rejected(queue.leave("e99", ANN)).code is Code.WAITLIST_ENTRY_NOT_FOUND
    assert answer(queue.leave(entry.entry_id, STAFF)).status is WaitlistStatus.LEFT


def test_accepting_makes_the_booking_and_ends_the_waiting() -> None:
    queue = Queue(sections=tables(4))
    entry = queue.join("ann", 3)
    assert entry.offer is not None
    made = accepted(queue.accept(entry.offer.offer_id, ANN))
    booking = made.answer
    assert isinstance(booking, Booking)
    assert (booking.party_size, booking.section_ids, made.created) == (3, ["t0"], True)
    assert [event.reason for event in made.events] == [Reason.OFFER_ACCEPTED]
    assert notices(queue) == [NoticeType.WAITLIST_ACCEPTED, NoticeType.BOOKING_CONFIRMED]
    ended = queue.entry(entry.entry_id)
    assert (ended.status, ended.booking_id) == (WaitlistStatus.ACCEPTED, booking.booking_id)
    again = rejected(queue.accept(entry.offer.offer_id, ANN))
    assert again.facts == {"currentStatus": "accepted", "bookingId": booking.booking_id}
    assert rejected(queue.leave(entry.entry_id, ANN)).code is Code.INVALID_TRANSITION


def test_confirming_the_hold_of_an_offer_accepts_it() -> None:
    queue = Queue(sections=tables(4))
    entry = queue.join("ann", 3)
    assert entry.offer is not None
    queue.confirm(entry.offer.hold_id, by=ANN)
    assert queue.status(entry.entry_id) is WaitlistStatus.ACCEPTED


def test_an_offer_that_waits_for_approval_is_accepted_all_the_same() -> None:
    queue = Queue(Policy(requires_approval=True), sections=tables(4))
    entry = queue.join("ann", 3)
    assert entry.offer is not None
    accepted(queue.accept(entry.offer.offer_id, ANN))
    assert queue.status(entry.entry_id) is WaitlistStatus.ACCEPTED
    assert notices(queue) == [NoticeType.WAITLIST_ACCEPTED, NoticeType.BOOKING_REQUESTED]


def test_declining_gives_it_to_the_next_and_again_answers_the_same() -> None:
    queue = Queue(sections=tables(4))
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    assert first.offer is not None
    declined = answer(queue.decline(first.offer.offer_id, ANN))
    assert (declined.status, declined.offer) == (WaitlistStatus.DECLINED, None)
    assert queue.offered(second.entry_id) == ["t0"]
    assert answer(queue.decline(first.offer.offer_id, ANN)) == declined
    denied = rejected(queue.accept(first.offer.offer_id, ANN))
    assert denied.code is Code.INVALID_TRANSITION


def test_releasing_the_hold_of_an_offer_declines_it() -> None:
    queue = Queue(sections=tables(4))
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    assert first.offer is not None
    accepted(queue.release(first.offer.hold_id, by=ANN))
    assert queue.status(first.entry_id) is WaitlistStatus.DECLINED
    assert queue.offered(second.entry_id) == ["t0"]


def test_who_declined_may_join_again_at_the_end() -> None:
    queue = one_table()
    first = queue.join("ann", 2)
    queue.join("bob", 2)
    accepted(queue.leave(first.entry_id, ANN))
    assert queue.join("ann", 2).position == 2


def test_an_offer_runs_out_and_goes_to_the_next() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(4))
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    assert first.offer is not None
    assert first.offer.expires_at == later(NOW, 60)
    queue.pass_time(60)
    assert rejected(queue.accept(first.offer.offer_id, ANN)).code is Code.OFFER_EXPIRED
    assert rejected(queue.decline(first.offer.offer_id, ANN)).code is Code.OFFER_EXPIRED
    made = queue.expire(first.offer.hold_id)
    assert queue.status(first.entry_id) is WaitlistStatus.EXPIRED
    assert queue.offered(second.entry_id) == ["t0"]
    assert [event.reason for event in made.events] == [Reason.OFFER_EXPIRED, Reason.OFFER_CREATED]
    assert NoticeType.WAITLIST_EXPIRED in notices(queue)
    assert rejected(queue.accept(first.offer.offer_id, ANN)).code is Code.OFFER_EXPIRED
    assert answer(queue.leave(first.entry_id, ANN)).status is WaitlistStatus.EXPIRED


def test_leaving_with_an_offer_that_ran_out_unswept_expires_it() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(4))
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    queue.pass_time(60)
    assert answer(queue.leave(first.entry_id, ANN)).status is WaitlistStatus.EXPIRED
    assert queue.offered(second.entry_id) == ["t0"]


def test_who_joins_after_their_offer_ran_out_unswept_is_behind_the_others() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(4))
    first, second = queue.join("ann", 2), queue.join("bob", 2)
    queue.pass_time(60)
    again = queue.join("ann", 2)
    assert queue.status(first.entry_id) is WaitlistStatus.EXPIRED
    assert queue.offered(second.entry_id) == ["t0"]
    assert (again.entry_id != first.entry_id, again.position) == (True, 1)


def test_an_offer_cannot_be_extended() -> None:
    queue = Queue(sections=tables(4))
    entry = queue.join("ann", 2)
    assert entry.offer is not None
    denied = rejected(queue.extend(entry.offer.hold_id, ttl=900, by=ANN))
    assert (denied.code, denied.facts) == (Code.HOLD_LIMIT_REACHED, {"max": 600})


def test_an_offer_is_not_found_by_others_nor_under_another_id() -> None:
    queue = Queue(sections=tables(4))
    entry = queue.join("ann", 2)
    assert entry.offer is not None
    for offer_id, who in ((entry.offer.offer_id, BOB), ("hld_e1_2", ANN), ("hld_x", ANN)):
        assert rejected(queue.accept(offer_id, who)).code is Code.OFFER_NOT_FOUND
        assert rejected(queue.decline(offer_id, who)).code is Code.OFFER_NOT_FOUND
    hold = queue.state.records[entry.offer.hold_id]
    assert isinstance(hold, HoldRecord)
    assert (hold.customer_id, hold.party_size) == ("ann", 2)


def test_once_the_slot_is_over_waiting_ends() -> None:
    queue = one_table()
    entry = queue.join("ann", 2)
    assert queue.serve().parts == {}
    queue.now = "2026-02-16T03:00:00.000Z"
    made = queue.serve()
    assert queue.status(entry.entry_id) is WaitlistStatus.EXPIRED
    assert notices(queue) == [NoticeType.WAITLIST_EXPIRED]
    assert made.valid_from == queue.now
    assert queue.state.entries == {}


def test_a_slot_that_is_closed_later_or_does_not_run_any_more_ends_the_waiting() -> None:
    for slots in (
        [Slot(slot_id="other", start="10:00", end="11:00")],
        [
            Slot(
                slot_id="late",
                start="21:00",
                end="03:00",
                exceptions=[SlotException(date=DATE, closed=True)],
            )
        ],
    ):
        queue = one_table()
        entry = queue.join("ann", 2)
        queue.venue = Queue(sections=tables(4), slots=slots).venue
        queue.serve()
        assert queue.status(entry.entry_id) is WaitlistStatus.EXPIRED


def test_customers_wait_until_they_can_book_no_more_and_those_of_staff_until_the_end() -> None:
    queue = one_table(policy=Policy(min_lead_minutes=60))
    own, of_staff = queue.join("ann", 2), queue.join("bob", 2, by=STAFF)
    queue.now = "2026-02-15T20:00:00.000Z"
    queue.serve()
    assert queue.status(own.entry_id) is WaitlistStatus.EXPIRED
    assert queue.status(of_staff.entry_id) is WaitlistStatus.WAITING


def test_the_estimate_is_when_so_many_claims_have_ended() -> None:
    queue = Queue(Policy(hold_ttl_seconds=90), sections=tables(4, 4))
    queue.hold("t0", by=customer("zoe"))
    queue.pass_time(30)
    queue.hold("t1", by=customer("yan"))
    waiting = [queue.join(name, 2).estimated_minutes for name in ("ann", "bob", "cat")]
    assert waiting == [1, 2, None]


def test_an_estimate_past_the_end_of_the_slot_is_none() -> None:
    queue = Queue(Policy(hold_ttl_seconds=600, max_hold_seconds=600), sections=tables(4))
    queue.now = "2026-02-16T02:55:00.000Z"
    queue.hold("t0", by=customer("zoe"))
    assert queue.join("ann", 2).estimated_minutes is None
