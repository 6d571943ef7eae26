"""Bookings made elsewhere: taken in once, and kept in conflict where others have what they want."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import KEY, MANAGER, STAFF, Floor, accepted, customer, rejected

from command_api.domain.commands import Asker, CancelBooking, ImportBooking, ResolveConflict
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import BookingRecord, ConflictRecord
from command_api.domain.times import later
from holdfast.contracts.bookings import CompensationOffer, Contact, ImportItem, ItemResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.conflicts import Conflict
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import (
    ActorType,
    BookingStatus,
    HoldStatus,
    OnConflict,
    PaymentStatus,
    Reason,
    SectionState,
)
from holdfast.contracts.venues import Compensation, Deposit, Policy, Slot, SlotException

EARLY, LATE = "2026-02-01T12:00:00.000Z", "2026-02-15T17:59:59.000Z"
SERVICE = Asker(Actor(type=ActorType.SERVICE, id="sync"), None, True, True)


class Sync:
    """Imports into one floor, and what becomes of their conflicts."""

    def __init__(self, policy: Policy | None = None, **changes: Any) -> None:
        self.floor = Floor(policy, **changes)

    def try_add(
        self,
        external_id: str,
        *sections: str,
        at: str = EARLY,
        key: ChannelKey = KEY,
        **more: Any,
    ) -> Decision | Rejection:
        item = ImportItem(
            date=key.date,
            slot_id=key.slot,
            section_ids=list(sections),
            external_id=external_id,
            created_at=at,
            **more,
        )
        command = ImportBooking(
            channel=key,
            asker=SERVICE,
            item=item,
            booking_id=f"i-{external_id}",
            conflict_id=f"c-{external_id}",
            reference=f"REF-{external_id}",
            record=self.floor.ended.get(f"i-{external_id}"),  # type: ignore[arg-type]
        )
        return self.floor.run(command)

    def add(self, external_id: str, *sections: str, **more: Any) -> ItemResult:
        answer = accepted(self.try_add(external_id, *sections, **more)).answer
        assert isinstance(answer, ItemResult)
        return answer

    def try_resolve(self, conflict_id: str, winner_id: str | None = None) -> Decision | Rejection:
        command = ResolveConflict(
            channel=KEY,
            asker=MANAGER,
            conflict_id=conflict_id,
            winner_id=winner_id,
            record=self.floor.ended.get(conflict_id),  # type: ignore[arg-type]
        )
        return self.floor.run(command)

    def resolve(self, conflict_id: str, winner_id: str | None = None) -> Conflict:
        answer = accepted(self.try_resolve(conflict_id, winner_id)).answer
        assert isinstance(answer, Conflict)
        return answer

    def booked(self, *sections: str, by: str = "bob") -> str:
        hold = self.floor.hold(*sections, by=customer(by))
        return self.floor.confirm(hold.hold_id, by=STAFF).booking_id

    def booking(self, booking_id: str) -> BookingRecord:
        for state in self.floor.channels.values():
            if isinstance(record := state.records.get(booking_id), BookingRecord):
                return record
        record = self.floor.ended[booking_id]
        assert isinstance(record, BookingRecord)
        return record

    def status(self, booking_id: str) -> BookingStatus:
        return self.booking(booking_id).status

    def types(self) -> list[NoticeType]:
        """Of the last decision's notices."""
        return [notice.type for notice in self.floor.decisions[-1].notices]


@pytest.fixture
def sync() -> Sync:
    return Sync()


def test_what_is_free_is_confirmed_under_the_time_it_was_made_elsewhere(sync: Sync) -> None:
    contact = Contact(name="Ann", phone="1")
    result = sync.add("x1", "t1", "s1", paid=True, tier="VIP", customer_id="ann", contact=contact)
    assert (result.booking_id, result.conflict_id) == ("i-x1", None)
    record = sync.booking("i-x1")
    assert record.status is BookingStatus.CONFIRMED
    assert (record.external_id, record.made_at, record.tier) == ("x1", EARLY, "VIP")
    assert record.payment_status is PaymentStatus.PAID
    assert record.contact == contact
    assert sync.floor.section("t1").state is SectionState.CONFIRMED
    assert {event.reason for event in sync.floor.decisions[-1].events} == {Reason.BOOKING_IMPORTED}
    assert sync.types() == [NoticeType.BOOKING_CONFIRMED]


def test_importing_again_writes_nothing_and_answers_the_same(sync: Sync) -> None:
    first = sync.add("x1", "s1")
    assert sync.add("x1", "s1") == first
    assert not sync.floor.decisions[-1].parts
    sync.floor.cancel("i-x1", by=STAFF)
    assert sync.add("x1", "s1") == first
    assert sync.status("i-x1") is BookingStatus.CANCELLED


def test_importing_again_answers_the_same_after_it_lost_to_another(sync: Sync) -> None:
    first = sync.add("x1", "s1")
    sync.add("x2", "s1", paid=True)
    sync.resolve("c-x2")
    assert sync.booking("i-x1").conflict_id == "c-x2"
    assert sync.add("x1", "s1") == first


def test_the_same_external_id_with_other_content_is_refused(sync: Sync) -> None:
    sync.add("x1", "s1")
    refused = rejected(sync.try_add("x1", "s2"))
    assert refused.code is Code.IDEMPOTENCY_KEY_REUSED
    assert refused.facts == {"bookingId": "i-x1"}


def test_a_contact_that_was_corrected_elsewhere_is_no_other_content(sync: Sync) -> None:
    sync.add("x1", "s1", contact=Contact(name="An"))
    assert sync.add("x1", "s1", contact=Contact(name="Ann")).booking_id == "i-x1"
    assert sync.booking("i-x1").contact == Contact(name="An")


@pytest.mark.parametrize("waits", [False, True])
def test_past_decisions_are_bound_by_no_rule_of_asking(sync: Sync, waits: bool) -> None:
    policy = Policy(
        min_lead_minutes=60 * 24,
        booking_horizon_days=0,
        max_tables_per_customer_per_date=1,
        requires_approval=waits,
        deposit=Deposit(type="fixed", amount=500),
    )
    strict = Sync(policy)
    strict.add("x1", "s1", customer_id="ann", party_size=40)
    strict.add("x2", "s2", customer_id="ann")
    assert strict.status("i-x2") is BookingStatus.CONFIRMED
    assert strict.booking("i-x2").approval_expires_at is None


@pytest.mark.parametrize(
    ("sections", "more", "code"),
    [
        (("nowhere",), {}, Code.SECTION_NOT_FOUND),
        (("s1", "s1"), {}, Code.DUPLICATE_SECTIONS),
        (("p",), {"quantities": {"p": 6}}, Code.CAPACITY_EXCEEDED),
        (("s1",), {"key": KEY._replace(slot="noon")}, Code.SLOT_NOT_FOUND),
    ],
)
def test_what_cannot_have_been_booked_is_refused(
    sync: Sync, sections: tuple[str, ...], more: dict[str, Any], code: Code
) -> None:
    assert rejected(sync.try_add("x1", *sections, **more)).code is code


def test_a_night_that_is_over_is_taken_in_for_thirty_days(sync: Sync) -> None:
    sync.floor.now = "2026-03-17T02:59:00.000Z"
    assert sync.add("x1", "s1").booking_id
    sync.floor.now = "2026-03-18T03:00:00.000Z"
    assert rejected(sync.try_add("x2", "s2")).code is Code.SLOT_CLOSED


def test_nothing_was_made_in_the_future_but_for_a_clock_that_is_ahead(sync: Sync) -> None:
    ahead, further = later(sync.floor.now, 300), later(sync.floor.now, 301)
    refused = rejected(sync.try_add("x1", "s1", at=further))
    assert refused.code is Code.VALIDATION_FAILED
    assert refused.facts["errors"][0]["path"] == "createdAt"
    assert refused.valid_until == later(sync.floor.now, 1)
    assert rejected(sync.try_add("x1", "s1", at="9999-12-31T23:59:59.999Z"))
    made = sync.add("x1", "s1", at=ahead)
    assert sync.booking("i-x1").made_at == sync.floor.now
    assert sync.add("x1", "s1", at=ahead) == made


def test_a_closed_night_takes_nothing_in() -> None:
    exception = SlotException(date=KEY.date, closed=True)
    slot = Slot(slot_id="late", start="21:00", end="03:00", exceptions=[exception])
    assert rejected(Sync(slots=[slot]).try_add("x1", "s1")).code is Code.SLOT_CLOSED


def test_blocked_sections_are_refused(sync: Sync) -> None:
    sync.floor.block("s1")
    refused = rejected(sync.try_add("x1", "s1", "s2"))
    assert refused.code is Code.BLOCK_CONFLICT
    assert refused.facts == {"conflictingSections": ["s1"]}


def test_what_is_taken_waits_in_an_open_conflict(sync: Sync) -> None:
    there = sync.booked("s1")
    version = sync.floor.state.version
    result = sync.add("x1", "s1", "s2")
    assert (result.booking_id, result.conflict_id) == ("i-x1", "c-x1")
    assert sync.status("i-x1") is BookingStatus.CONFLICTED
    assert sync.status(there) is BookingStatus.CONFIRMED
    assert sync.floor.state.version == version
    conflict = sync.floor.state.records["c-x1"]
    assert isinstance(conflict, ConflictRecord)
    assert conflict.booking_ids == [there, "i-x1"]
    assert conflict.section_ids == ["s1"]
    assert sync.types() == [NoticeType.BOOKING_REQUESTED, NoticeType.CONFLICT_OPENED]
    assert sync.add("x1", "s1", "s2") == result


def test_a_hold_in_the_way_is_expired_when_due_and_waited_for_else(sync: Sync) -> None:
    hold = sync.floor.hold("s1")
    assert sync.add("x1", "s1").conflict_id == "c-x1"
    refused = rejected(sync.try_resolve("c-x1"))
    assert refused.code is Code.SECTION_NOT_AVAILABLE
    assert refused.facts["heldUntil"] == hold.expires_at == refused.valid_until
    sync.floor.pass_time(301)
    conflict = sync.resolve("c-x1")
    assert conflict.winner_id == "i-x1"
    ended = sync.floor.ended[hold.hold_id]
    assert ended.status is HoldStatus.EXPIRED  # type: ignore[union-attr]


def test_who_booked_earlier_wins_by_rule_and_the_other_is_compensated(sync: Sync) -> None:
    there = sync.booked("s1", "s2")
    sync.add("x1", "s1")
    conflict = sync.resolve("c-x1")
    assert (conflict.winner_id, conflict.resolved_by) == ("i-x1", "rule")
    assert conflict.compensations == {there: CompensationOffer(credit_amount=1500)}
    assert sync.status("i-x1") is BookingStatus.CONFIRMED
    lost = sync.booking(there)
    assert lost.status is BookingStatus.CANCELLED
    assert lost.compensation == CompensationOffer(credit_amount=1500)
    assert lost.conflict_id == "c-x1"
    assert sync.floor.section("s1").claims[0].claim_id == "i-x1"
    assert sync.floor.section("s2").state is SectionState.AVAILABLE
    assert sync.types() == [
        NoticeType.BOOKING_CANCELLED,
        NoticeType.COMPENSATION_DUE,
        NoticeType.BOOKING_CONFIRMED,
        NoticeType.CONFLICT_RESOLVED,
    ]
    due = sync.floor.decisions[-1].notices[1]
    assert due.data["creditAmount"] == 1500
    assert due.data["displacedBy"] == ["i-x1"]
    reasons = [event.reason for event in sync.floor.decisions[-1].events]
    assert reasons == [Reason.BOOKING_DISPLACED] * 2 + [Reason.CONFLICT_RESOLVED]


def test_who_has_it_keeps_it_against_a_later_one(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.floor.pass_time(60)
    sync.add("x1", "s1", at="2026-02-15T18:00:30.000Z")
    conflict = sync.resolve("c-x1")
    assert conflict.winner_id == there
    assert list(conflict.compensations) == ["i-x1"]
    assert sync.status("i-x1") is BookingStatus.CANCELLED
    assert not sync.floor.decisions[-1].events


def test_who_paid_comes_before_who_was_earlier(sync: Sync) -> None:
    sync.add("x1", "s1", at=LATE, paid=True)
    sync.add("x2", "s1", at=EARLY)
    assert sync.resolve("c-x2").winner_id == "i-x1"


def test_vips_come_first_where_both_are_of_one_moment(sync: Sync) -> None:
    sync.add("x1", "s1")
    sync.add("x2", "s1", tier="vip")
    sync.add("x3", "s1")
    assert sync.resolve("c-x2").winner_id == "i-x2"
    assert sync.resolve("c-x3").winner_id == "i-x2"


def test_a_managers_word_goes_over_the_rule(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    conflict = sync.resolve("c-x1", there)
    assert (conflict.winner_id, conflict.resolved_by) == (there, "mia")


def test_all_who_are_in_the_way_of_the_winner_go(sync: Sync) -> None:
    first, second = sync.booked("s1"), sync.booked("s2", by="cid")
    sync.add("x1", "s1", "s2")
    conflict = sync.resolve("c-x1", "i-x1")
    assert set(conflict.compensations) == {first, second}
    assert conflict.booking_ids[-1] == "i-x1"


def test_it_has_to_come_before_all_who_would_go(sync: Sync) -> None:
    sync.add("x1", "s1", paid=True)
    second = sync.booked("s2")
    sync.add("x2", "s1", "s2")
    assert sync.resolve("c-x2").winner_id == "i-x1"
    assert sync.status(second) is BookingStatus.CONFIRMED


def test_in_a_pool_only_as_many_go_as_must_the_weakest(sync: Sync) -> None:
    for number, at in enumerate((EARLY, LATE, "2026-02-10T12:00:00.000Z")):
        sync.add(f"x{number}", "p", at=at, quantities={"p": 1 + number})
    # 6 of 5: the third is in conflict already, over what the last of the others has
    assert sync.status("i-x2") is BookingStatus.CONFLICTED
    conflict = sync.resolve("c-x2")
    assert list(conflict.compensations) == ["i-x1"]
    assert sync.status("i-x0") is BookingStatus.CONFIRMED
    assert sync.floor.section("p").capacity.available == 1


def test_a_block_that_came_meanwhile_is_in_the_way_of_the_winner(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1", "s2")
    sync.floor.block("s2")
    assert rejected(sync.try_resolve("c-x1")).code is Code.BLOCK_CONFLICT
    assert sync.resolve("c-x1", there).winner_id == there


def test_a_block_that_waits_comes_before_whoever_wins(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    sync.floor.block("s1", on_conflict=OnConflict.AFTER_RELEASE)
    assert rejected(sync.try_resolve("c-x1")).code is Code.BLOCK_CONFLICT
    assert sync.status(there) is BookingStatus.CONFIRMED
    assert rejected(sync.try_add("x2", "s1")).code is Code.BLOCK_CONFLICT


def test_guests_who_are_there_do_not_give_way(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    record = sync.booking(there)
    record.status = BookingStatus.CHECKED_IN
    refused = rejected(sync.try_resolve("c-x1", "i-x1"))
    assert refused.code is Code.INVALID_TRANSITION
    assert sync.resolve("c-x1").winner_id == there


def test_once_the_other_has_gone_it_wins_at_once(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1", at="2026-02-15T18:00:01.000Z")
    sync.floor.cancel(there, by=STAFF)
    assert rejected(sync.try_resolve("c-x1", there)).code is Code.INVALID_TRANSITION
    conflict = sync.resolve("c-x1")
    assert (conflict.winner_id, conflict.compensations) == ("i-x1", {})


def test_resolving_again_answers_the_same(sync: Sync) -> None:
    there = sync.booked("s1")
    sync.add("x1", "s1")
    first = sync.resolve("c-x1")
    assert sync.resolve("c-x1") == sync.resolve("c-x1", "i-x1") == first
    assert not sync.floor.decisions[-1].parts
    assert rejected(sync.try_resolve("c-x1", there)).code is Code.INVALID_TRANSITION


def test_cancelling_the_one_that_waits_closes_its_conflict(sync: Sync) -> None:
    sync.booked("s1")
    sync.add("x1", "s1", customer_id="ann", paid=True)
    command = CancelBooking(
        channel=KEY, asker=customer("ann"), booking_id="i-x1", reason=None, record=None
    )
    accepted(sync.floor.run(command))
    assert sync.booking("i-x1").payment_status is PaymentStatus.REFUND_DUE
    conflict = sync.floor.ended["c-x1"]
    assert isinstance(conflict, ConflictRecord)
    assert (conflict.winner_id, conflict.resolved_by) == (None, "ann")
    assert sync.resolve("c-x1").winner_id is None


def test_someone_who_is_not_in_the_conflict_cannot_win_it(sync: Sync) -> None:
    sync.booked("s1")
    other = sync.booked("s2", by="cid")
    sync.add("x1", "s1")
    assert rejected(sync.try_resolve("c-x1", other)).code is Code.VALIDATION_FAILED
    assert rejected(sync.try_resolve("c-9")).code is Code.CONFLICT_NOT_FOUND


def test_who_loses_in_an_overlapping_slot_is_found_in_its_own_channel() -> None:
    slots = [
        Slot(slot_id="late", start="21:00", end="03:00"),
        Slot(slot_id="very-late", start="23:00", end="04:00"),
    ]
    sync = Sync(slots=slots)
    other = KEY._replace(slot="very-late")
    sync.add("x1", "s1", at=LATE, key=other)
    sync.add("x2", "s1")
    conflict = sync.resolve("c-x2")
    assert list(conflict.compensations) == ["i-x1"]
    assert sync.status("i-x1") is BookingStatus.CANCELLED
    assert "i-x1" not in sync.floor.channels[other].records
    (claims,) = sync.floor.channels[other].claims.values()
    assert list(claims) == ["i-x2"]


@pytest.mark.parametrize(
    ("table", "more", "offer"),
    [
        (Compensation(), {}, CompensationOffer(credit_amount=1500)),
        (Compensation(), {"tier": "vip"}, CompensationOffer(credit_amount=5000, priority=True)),
        (
            Compensation(),
            {"paid": True},
            CompensationOffer(refund_amount=1000, credit_amount=2500),
        ),
        (
            Compensation(credit_vip=100),
            {"paid": True, "tier": "Vip"},
            CompensationOffer(refund_amount=1000, credit_amount=2500, priority=True),
        ),
        (
            Compensation(refund_deposit=False),
            {"paid": True},
            CompensationOffer(refund_amount=0, credit_amount=2500),
        ),
    ],
)
def test_compensation_is_by_the_policys_table(
    table: Compensation, more: dict[str, Any], offer: CompensationOffer
) -> None:
    sync = Sync(Policy(compensation=table, deposit=Deposit(type="fixed", amount=1000)))
    there = sync.booked("s1")
    sync.add("x1", "s1", **more)
    assert sync.resolve("c-x1", there).compensations == {"i-x1": offer}
    due = offer.refund_amount > 0
    expected = PaymentStatus.REFUND_DUE if due else sync.booking("i-x1").payment_status
    assert sync.booking("i-x1").payment_status is expected
