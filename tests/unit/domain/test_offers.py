"""Who gets what comes free."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.domain.build import KEY, NOW, STAFF, accepted, customer, rejected
from tests.unit.domain.waiting import TABLES, ZOE, Queue, full, tables

from command_api.domain.commands import (
    ChangeHold,
    ReleaseHold,
    ServeWaitlist,
)
from command_api.domain.decide import decide
from command_api.domain.records import HoldRecord
from command_api.domain.waitlist.joining import serve_waitlist
from command_api.domain.waitlist.offers import entry_of
from holdfast.contracts.holds import HoldChange
from holdfast.contracts.states import (
    Reason,
    SectionKind,
    WaitlistStatus,
)
from holdfast.contracts.venues import Category, Section


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
