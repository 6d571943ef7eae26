"""Who gets what comes free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.domain.build import DATE, KEY, NOW, STAFF, accepted, customer, rejected
from tests.unit.domain.waiting import TABLES, Queue, tables

from command_api.domain.commands import (
    ChangeHold,
    HoldSections,
    LeaveWaitlist,
    RecordPayment,
    ReleaseHold,
    RescheduleBooking,
    ServeWaitlist,
)
from command_api.domain.decide import decide
from command_api.domain.model import Missing, Quota, Scope
from command_api.domain.records import HoldRecord
from command_api.domain.times import later
from command_api.domain.waitlist.joining import serve_waitlist
from command_api.domain.waitlist.offers import entry_of
from holdfast.contracts.bookings import RescheduleRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import BestAvailable, HoldChange, HoldRequest
from holdfast.contracts.payments import PaymentEvent
from holdfast.contracts.problems import Code
from holdfast.contracts.states import (
    OnConflict,
    Reason,
    SectionKind,
    SectionState,
    WaitlistStatus,
)
from holdfast.contracts.venues import Category, Policy, Section, Slot

ZOE = customer("zoe")


def full(*sizes: int, **more: Any) -> tuple[Queue, list[str]]:
    """Tables for so many each, all held by Zoe for an hour; the ids of the holds."""
    policy = more.pop("policy", Policy(hold_ttl_seconds=3600, max_ttl_seconds=3600))
    queue = Queue(policy, sections=tables(*sizes), **more)
    queue.venue.policy.max_hold_seconds = 3600
    return queue, [queue.hold(f"t{n}", by=ZOE).hold_id for n in range(len(sizes))]


def test_the_first_in_the_queue_comes_first() -> None:
    queue, (held,) = full(4)
    for name in ("ann", "bob", "cat"):
        queue.join(name, 2)
    accepted(queue.release(held, by=ZOE))
    assert [queue.status(f"e{n}") for n in (1, 2, 3)] == ["offered", "waiting", "waiting"]


def test_who_joined_first_in_the_same_millisecond_is_first() -> None:
    queue, (held,) = full(4)
    for number in range(1, 12):  # as texts, e10 and e11 come before e2
        queue.pass_time(-10)  # a channel's time never goes back
        assert queue.join(f"c{number}", 2).position == number
    assert queue.entry("e11").created_at == queue.entry("e1").created_at
    for number in range(1, 12):
        assert queue.offered(f"e{number}") == []
        accepted(queue.release(held, by=ZOE) if number == 1 else queue.decline(held, STAFF))
        assert queue.offered(f"e{number}") == ["t0"]
        held = f"hld_e{number}_1"


def test_a_party_that_does_not_fit_is_passed_over_and_keeps_its_place() -> None:
    queue, (small, large) = full(2, 6)
    queue.join("ann", 5)
    queue.join("bob", 2)
    accepted(queue.release(small, by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == ([], ["t0"])
    assert queue.join("ann", 5).position == 1
    cat = queue.join("cat", 5)
    accepted(queue.release(large, by=ZOE))
    assert (queue.offered("e1"), queue.offered(cat.entry_id)) == (["t1"], [])


def test_nobody_gets_what_somebody_ahead_could_have() -> None:
    queue, (_small, large) = full(2, 6)
    queue.join("ann", 5)
    queue.join("bob", 2)
    accepted(queue.release(large, by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == (["t1"], [])
    assert queue.join("dan", 6).position == 2


def test_two_that_come_free_make_two_offers() -> None:
    queue, _held = full(4, 4)
    for name in ("ann", "bob", "cat"):
        queue.join(name, 2)
    ids = list(queue.state.claims["t0"]) + list(queue.state.claims["t1"])
    queue.pass_time(3600)
    made = queue.expire(*ids)
    assert [queue.offered(f"e{n}") for n in (1, 2, 3)] == [["t0"], ["t1"], []]
    assert [event.reason for event in made.events] == [
        Reason.HOLD_EXPIRED,
        Reason.HOLD_EXPIRED,
        Reason.OFFER_CREATED,
        Reason.OFFER_CREATED,
    ]


def test_one_hold_of_two_tables_serves_two() -> None:
    queue = Queue(sections=tables(4, 4))
    both = queue.hold("t0", "t1", by=ZOE)
    queue.join("ann", 4)
    queue.join("bob", 4)
    accepted(queue.release(both.hold_id, by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == (["t0"], ["t1"])


def by_release(queue: Queue) -> Callable[[], object]:
    hold = queue.hold("t0", by=ZOE)
    return lambda: accepted(queue.release(hold.hold_id, by=ZOE))


def by_expiry(queue: Queue) -> Callable[[], object]:
    hold = queue.hold("t0", by=ZOE)

    def expire() -> object:
        queue.pass_time(900)
        return queue.expire(hold.hold_id)

    return expire


def by_cancelling(queue: Queue) -> Callable[[], object]:
    booking = queue.book("t0")
    return lambda: accepted(queue.cancel(booking.booking_id, by=ZOE))


def by_unblocking(queue: Queue) -> Callable[[], object]:
    block = queue.block("t0")
    return lambda: accepted(queue.unblock(block.block_id))


def by_declining(queue: Queue) -> Callable[[], object]:
    offer = queue.join("zoe", 2).offer
    assert offer is not None
    return lambda: accepted(queue.decline(offer.offer_id, ZOE))


@pytest.mark.parametrize(
    "take", [by_release, by_expiry, by_cancelling, by_unblocking, by_declining]
)
def test_whatever_frees_it_offers_it(take: Callable[[Queue], Callable[[], object]]) -> None:
    queue = Queue(sections=tables(4))
    free = take(queue)
    entry = queue.join("ann", 4)
    assert entry.status is WaitlistStatus.WAITING
    free()
    assert queue.offered(entry.entry_id) == ["t0"]


def test_what_a_newcomer_finds_expired_goes_to_who_waits() -> None:
    queue = Queue(sections=tables(4))
    hold = queue.hold("t0", by=ZOE)
    entry = queue.join("ann", 2)
    queue.pass_time(300)
    denied = rejected(queue.try_hold("t0", by=customer("bob")))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts["heldUntil"] == later(queue.now, 600)
    queue.expire(hold.hold_id)
    assert queue.offered(entry.entry_id) == ["t0"]


def test_a_newcomer_has_what_nobody_who_waits_can_use() -> None:
    queue = Queue(sections=tables(4, 6))
    queue.hold("t0", by=ZOE)
    queue.hold("t1", by=ZOE)
    entry = queue.join("ann", 5)
    queue.pass_time(300)
    queue.hold("t0", by=customer("bob"))
    assert queue.status(entry.entry_id) is WaitlistStatus.WAITING


def test_a_newcomer_shares_a_pool_with_those_who_wait() -> None:
    queue = Queue(sections=[Section(section_id="p", kind=SectionKind.POOL, capacity=5)])
    queue.hold("p", quantities={"p": 5}, by=ZOE)
    entry = queue.join("ann", 2)
    queue.pass_time(300)
    denied = rejected(queue.try_hold("p", quantities={"p": 4}, by=customer("bob")))
    assert (denied.facts["requested"], denied.facts["available"]) == (4, 3)
    queue.hold("p", quantities={"p": 3}, by=customer("bob"))
    assert queue.offered(entry.entry_id) == ["p"]
    assert queue.section("p").capacity.available == 0


def test_a_block_goes_ahead_of_those_who_wait() -> None:
    queue = Queue(sections=tables(4))
    queue.hold("t0", by=ZOE)
    entry = queue.join("ann", 2)
    queue.pass_time(300)
    queue.block("t0")
    assert queue.status(entry.entry_id) is WaitlistStatus.WAITING


def test_the_smallest_table_that_fits_is_offered() -> None:
    queue = Queue(sections=TABLES)
    three, one = queue.join("ann", 3), queue.join("bob", 1)
    assert queue.offered(three.entry_id) == ["four"]
    assert queue.offered(one.entry_id) == ["two"]


def test_a_table_with_seats_is_offered_whole_and_only_when_all_of_it_is_free() -> None:
    seats = [Section(section_id=f"t-{n}", kind=SectionKind.SEAT, parent_id="t") for n in range(4)]
    queue = Queue(sections=[Section(section_id="t", kind=SectionKind.TABLE), *seats])
    hold, other = queue.hold("t-0", by=ZOE), queue.hold("t-1", by=ZOE)
    queue.join("ann", 4)
    queue.join("bob", 1)
    assert queue.offered("e2") == ["t-2"]
    accepted(queue.release(hold.hold_id, by=ZOE))
    accepted(queue.release(other.hold_id, by=ZOE))
    assert queue.offered("e1") == []
    assert rejected(queue.try_join("cat", 5)).facts["max"] == 4
    accepted(queue.decline("hld_e2_1", customer("bob")))
    assert queue.offered("e1") == ["t-0", "t-1", "t-2", "t-3"]


def test_pools_give_one_unit_for_each_person_after_tables() -> None:
    pool = Section(section_id="p", kind=SectionKind.POOL, capacity=5, price=100)
    queue = Queue(sections=[pool, *tables(2)])
    queue.join("ann", 2)
    queue.join("bob", 3)
    assert (queue.offered("e1"), queue.offered("e2")) == (["t0"], ["p"])
    entry = queue.entry("e2")
    hold = queue.state.records[entry.hold_id or ""]
    assert queue.state.claims["p"][hold.id].quantity == 3
    assert isinstance(hold, HoldRecord)
    assert (hold.total_amount, hold.items[0].quantity) == (300, 3)
    assert queue.join("cat", 3).status is WaitlistStatus.WAITING


def test_theatre_seats_are_offered_side_by_side() -> None:
    seats = [
        Section(section_id=f"a{n}", kind=SectionKind.SEAT, row_label="A", seat_number=n)
        for n in range(1, 7)
    ]
    queue = Queue(sections=seats)
    one, four = queue.hold("a1", by=ZOE), queue.hold("a4", by=ZOE)
    rest = [queue.hold(f"a{n}", by=ZOE) for n in (2, 3, 5, 6)]
    assert rejected(queue.try_join("ann", 7)).facts["max"] == 6
    queue.join("ann", 3)
    for hold in (one, four, rest[0]):
        accepted(queue.release(hold.hold_id, by=ZOE))
    assert queue.offered("e2") == []
    accepted(queue.release(rest[1].hold_id, by=ZOE))
    assert queue.offered("e2") == ["a1", "a2", "a3"]


def test_what_is_offered_out_of_a_hold_that_ran_out_is_not_held_by_who_came_upon_it() -> None:
    """Bob asks for a seat that is free, and for one whose hold has run out: what that leaves makes two
    seats side by side for Ann, one of them the free one."""
    seats = [
        Section(section_id=f"a{n}", kind=SectionKind.SEAT, row_label="A", seat_number=n)
        for n in range(4)
    ]
    queue = Queue(Policy(hold_ttl_seconds=60), sections=seats)
    queue.book("a2")
    queue.hold("a1", "a3", by=ZOE)
    queue.join("ann", 2)
    queue.pass_time(60)
    for wanted in (("a0", "a3"), ("a3", "a0")):
        denied = rejected(queue.try_hold(*wanted, by=customer("bob")))
        assert denied.facts["conflictingSections"] == ["a0"]
    accepted(queue.try_hold("a3", by=customer("bob")))
    assert queue.offered("e1") == ["a0", "a1"]
    assert len(queue.state.claims["a0"]) == 1


def test_a_category_is_waited_for_alone() -> None:
    sections = [
        Section(section_id="a", category_id="gold"),
        Section(section_id="b", category_id="blue"),
    ]
    queue = Queue(
        sections=sections,
        categories=[Category(category_id="gold"), Category(category_id="blue")],
    )
    gold, blue = queue.hold("a", by=ZOE), queue.hold("b", by=ZOE)
    queue.join("ann", 2, "blue")
    queue.join("bob", 2)
    accepted(queue.release(gold.hold_id, by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == ([], ["a"])
    accepted(queue.release(blue.hold_id, by=ZOE))
    assert queue.offered("e1") == ["b"]


def test_an_offer_ends_with_the_time_to_book() -> None:
    queue = Queue(sections=tables(4))
    queue.now = "2026-02-16T02:58:00.000Z"
    entry = queue.join("ann", 2)
    assert entry.offer is not None
    assert entry.offer.expires_at == "2026-02-16T03:00:00.000Z"
    assert queue.decisions[-1].valid_until == "2026-02-16T03:00:00.000Z"


def test_nothing_is_offered_once_the_slot_is_over() -> None:
    queue, (held,) = full(4)
    queue.join("ann", 2)
    queue.now = "2026-02-16T03:00:00.000Z"
    queue.expire(held)
    assert queue.status("e1") is WaitlistStatus.WAITING
    queue.serve()
    assert queue.status("e1") is WaitlistStatus.EXPIRED


def test_a_customer_at_a_limit_is_passed_over_until_below_it() -> None:
    policy = Policy(max_active_holds_per_customer=1)
    queue = Queue(policy, sections=tables(4, 4, 4))
    own = queue.hold("t0", by=customer("ann"))
    second, third = queue.hold("t1", by=ZOE), queue.hold("t2", by=customer("yan"))
    queue.join("ann", 2)
    queue.join("bob", 2)
    accepted(queue.release(second.hold_id, by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == ([], ["t1"])
    accepted(queue.release(own.hold_id, by=customer("ann")))
    assert queue.offered("e1") == ["t0"], "released and offered in one outcome"
    assert third.hold_id in queue.state.records


def test_tables_of_the_night_count_for_offers_too() -> None:
    queue = Queue(Policy(max_tables_per_customer_per_date=1), sections=tables(4, 4))
    queue.book("t0", "ann")
    hold = queue.hold("t1", by=ZOE)
    queue.join("ann", 2)
    accepted(queue.release(hold.hold_id, by=ZOE))
    assert queue.status("e1") is WaitlistStatus.WAITING


@pytest.mark.parametrize(
    "policy",
    [Policy(max_active_holds_per_customer=1), Policy(max_tables_per_customer_per_date=1)],
)
def test_an_offer_counts_at_once_where_its_customer_asks_for_more(policy: Policy) -> None:
    pool = Section(section_id="p", kind=SectionKind.POOL, capacity=4)
    queue = Queue(policy, sections=[pool])
    queue.hold("p", quantities={"p": 4}, by=ZOE)
    queue.join("ann", 2)
    queue.pass_time(301)  # nobody has swept it: whoever comes next finds it, Ann herself
    denied = rejected(queue.try_hold("p", quantities={"p": 2}, by=customer("ann")))
    assert denied.code in (Code.HOLD_LIMIT_REACHED, Code.MAX_TABLES_EXCEEDED)
    accepted(queue.try_hold("p", quantities={"p": 2}, by=customer("bob")))
    assert queue.offered("e1") == ["p"]


def test_what_limits_a_customer_is_asked_for_where_it_was_not_loaded() -> None:
    queue = Queue(Policy(max_active_holds_per_customer=1), sections=tables(4))
    hold = queue.hold("t0", by=ZOE)
    queue.join("ann", 2)
    zoes = {key: quota for key, quota in queue.quotas.items() if key.customer_id == "zoe"}
    command = ReleaseHold(channel=KEY, asker=ZOE, hold_id=hold.hold_id, record=None)
    with pytest.raises(Missing) as missing:
        decide(Scope(queue.venue, queue.state, {}, zoes), command, queue.now)
    assert [key.customer_id for key in missing.value.quotas] == ["ann"]
    loaded = zoes | {key: Quota(key, queue.venue.revision) for key in missing.value.quotas}
    accepted(decide(Scope(queue.venue, queue.state, {}, loaded), command, queue.now))


def test_the_same_decision_twice_is_the_same_to_the_letter() -> None:
    queue, (held,) = full(4)
    queue.join("ann", 2)
    command = ReleaseHold(channel=KEY, asker=ZOE, hold_id=held, record=None)
    outcomes = [decide(queue.scope(), command, queue.now) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert entry_of("hld_e1_1") == "e1"


def test_what_a_venue_has_more_of_is_offered_by_the_leader() -> None:
    queue, _held = full(4)
    queue.join("ann", 2)
    queue.venue = Queue(sections=tables(4, 4)).venue
    made = queue.serve()
    assert queue.offered("e1") == ["t1"]
    assert {event.reason for event in made.events} == {Reason.OFFER_CREATED}
    assert queue.serve().parts == {}


def test_fewer_units_of_a_pool_make_room_for_who_waits() -> None:
    queue = Queue(sections=[Section(section_id="p", kind=SectionKind.POOL, capacity=4)])
    hold = queue.hold("p", quantities={"p": 4}, by=ZOE)
    queue.join("ann", 2)
    accepted(
        queue.run(
            ChangeHold(
                channel=KEY,
                asker=ZOE,
                hold_id=hold.hold_id,
                change=HoldChange(quantities={"p": 1}),
                record=None,
            )
        )
    )
    assert queue.offered("e1") == ["p"]


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


def test_where_nobody_waits_nothing_is_looked_at() -> None:
    queue = Queue(sections=tables(4))
    hold = queue.hold("t0", by=ZOE)
    before = dict(queue.venue.plans)
    accepted(queue.release(hold.hold_id, by=ZOE))
    assert queue.venue.plans == before == {}


def test_staff_may_take_what_they_put_on_the_list() -> None:
    queue = Queue(sections=tables(4))
    entry = queue.join(None, 2, by=STAFF)
    assert entry.offer is not None
    accepted(queue.accept(entry.offer.offer_id, STAFF, contact=None))
    assert queue.entry(entry.entry_id).status is WaitlistStatus.ACCEPTED


def test_serving_reads_no_clock_and_draws_no_chance() -> None:
    queue, _held = full(4)
    queue.join("ann", 2)
    queue.venue = Queue(sections=tables(4, 4)).venue
    outcomes = [serve_waitlist(queue.scope(), ServeWaitlist(channel=KEY), NOW) for _ in range(2)]
    assert outcomes[0] == outcomes[1]


def test_an_offer_that_a_block_takes_away_leaves_the_entry_its_place() -> None:
    queue, held = full(4, 4)
    for name in ("ann", "bob"):
        queue.join(name, 2)
    accepted(queue.release(held[0], by=ZOE))
    assert queue.offered("e1") == ["t0"]
    queue.block("t0", on_conflict=OnConflict.DISPLACE)
    entry = queue.entry("e1")
    assert (entry.status, entry.hold_id) == (WaitlistStatus.WAITING, None)
    assert queue.join("ann", 2).position == 1
    accepted(queue.release(held[1], by=ZOE))
    assert (queue.offered("e1"), queue.offered("e2")) == (["t1"], [])
    assert queue.entry("e1").hold_id == "hld_e1_2"
    for answered in (queue.accept, queue.decline):
        assert rejected(answered("hld_e1_1", customer("ann"))).code is Code.OFFER_EXPIRED
        assert rejected(answered("hld_e1_3", customer("ann"))).code is Code.OFFER_NOT_FOUND


def test_whose_offer_a_block_takes_away_is_offered_what_else_is_free() -> None:
    queue = Queue(sections=tables(4, 4))
    queue.join("ann", 2)
    assert queue.offered("e1") == ["t0"]
    queue.block("t0", on_conflict=OnConflict.DISPLACE)
    assert queue.offered("e1") == ["t1"]


def test_a_block_that_waits_comes_before_those_who_wait() -> None:
    queue, (held,) = full(4)
    queue.join("ann", 2)
    queue.block("t0", on_conflict=OnConflict.AFTER_RELEASE)
    accepted(queue.release(held, by=ZOE))
    assert queue.status("e1") is WaitlistStatus.WAITING
    assert queue.section("t0").state is SectionState.BLOCKED


def pay(queue: Queue, hold_id: str) -> None:
    event = PaymentEvent(
        type="payment.succeeded",
        transaction_id="tx",
        hold_id=hold_id,
        amount=100,
        currency="GBP",
        occurred_at=queue.now,
    )
    ended = queue.ended.get(hold_id)
    assert ended is None or isinstance(ended, HoldRecord)
    command = RecordPayment(
        channel=KEY, event=event, event_id="evt", record_id=hold_id, record=ended
    )
    accepted(queue.run(command))


def test_money_for_an_offer_that_was_taken_away_leaves_the_next_one_open() -> None:
    queue = Queue(sections=tables(4, 4))
    queue.join("ann", 2)
    queue.block("t0", on_conflict=OnConflict.DISPLACE)
    assert queue.offered("e1") == ["t1"]
    pay(queue, "hld_e1_1")
    assert queue.offered("e1") == ["t1"]
    hold = queue.ended["hld_e1_1"]
    assert isinstance(hold, HoldRecord)
    assert hold.refund_due == 100


def test_an_offer_that_is_paid_for_a_moment_late_is_accepted() -> None:
    queue = Queue(Policy(waitlist_offer_ttl_seconds=60), sections=tables(4))
    queue.join("ann", 2)
    queue.pass_time(61)
    pay(queue, "hld_e1_1")
    assert queue.status("e1") is WaitlistStatus.ACCEPTED
    hold = queue.state.records["hld_e1_1"]
    assert isinstance(hold, HoldRecord)
    assert (hold.entry_id, hold.expires_at > queue.now) == (None, True)


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


def test_who_lets_the_server_choose_gets_what_nobody_waits_for() -> None:
    """Gold is the best, and due: it goes to Ann, who waits for it, and Bob has what is left."""
    kinds = [Category(category_id="gold"), Category(category_id="tin")]
    sections = [
        Section(section_id=kind.category_id, category_id=kind.category_id, party_max=4)
        for kind in kinds
    ]
    queue = Queue(Policy(hold_ttl_seconds=60), sections=sections, categories=kinds)
    queue.hold("gold", by=ZOE)
    queue.join("ann", 2, "gold")
    queue.pass_time(60)
    wish: dict[str, Any] = {"best_available": BestAvailable(quantity=1), "by": customer("bob")}
    assert queue.hold(**wish).section_ids == ["tin"]
    assert queue.offered("e1") == ["gold"]
    denied = rejected(queue.try_hold(**wish))
    assert denied.facts["conflictingSections"] == []
