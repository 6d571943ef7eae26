"""Sections made smaller than what is taken: claims stay, nobody new gets in, staff see by how much."""

from __future__ import annotations

from tests.unit.domain.build import KEY, STAFF, Floor, accepted, customer, rejected, venue
from tests.unit.domain.plain import Reader

from command_api.domain.model import Venue
from command_api.store.append import Batch
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Capacity
from holdfast.contracts.states import SectionKind, SectionState
from holdfast.contracts.venues import Section

BOB = customer("bob")


def with_pool(capacity: int) -> Venue:
    return venue(
        sections=[
            Section(section_id="p", kind=SectionKind.POOL, capacity=capacity),
            Section(section_id="s1"),
        ]
    )


def test_it_is_counted_and_claims_stay() -> None:
    floor = Floor()
    hold = floor.hold("p", quantities={"p": 4})
    floor.venue = with_pool(2)
    section = floor.section("p")
    assert section.capacity == Capacity(total=2, available=0, over_committed=2)
    assert section.state is SectionState.HELD
    assert section.held_until == hold.expires_at
    booking = floor.confirm(hold.hold_id)
    section = floor.section("p")
    assert section.capacity == Capacity(total=2, available=0, over_committed=2)
    assert section.state is SectionState.CONFIRMED
    assert [claim.claim_id for claim in section.claims] == [booking.booking_id]


def test_events_count_it_as_snapshots_do() -> None:
    floor = Floor()
    mine = floor.hold("p", quantities={"p": 3})
    theirs = floor.hold("p", quantities={"p": 2}, by=BOB)
    floor.venue = with_pool(2)
    reader = Reader(floor.sections())
    reader.version = floor.state.version
    seen = []
    for extend in (True, False):
        outcome = (
            floor.extend(mine.hold_id, ttl=900) if extend else floor.release(theirs.hold_id, by=BOB)
        )
        for event in accepted(outcome).events:
            reader.read(event)
            seen.append(event.capacity)
        assert reader.agrees_with(floor.section("p"))
    assert seen == [
        Capacity(total=2, available=0, over_committed=3),
        Capacity(total=2, available=0, over_committed=1),
    ]


def test_releases_bring_it_back() -> None:
    floor = Floor()
    first = floor.hold("p", quantities={"p": 3})
    second = floor.hold("p", quantities={"p": 2}, by=BOB)
    floor.venue = with_pool(4)
    assert rejected(floor.try_hold("p")).code is Code.SECTION_NOT_AVAILABLE
    accepted(floor.release(second.hold_id, by=BOB))
    assert floor.section("p").capacity == Capacity(total=4, available=1)
    floor.hold("p", by=BOB)
    accepted(floor.release(first.hold_id))
    assert floor.section("p").capacity == Capacity(total=4, available=3)


def test_from_many_to_one_and_back() -> None:
    floor = Floor()
    floor.hold("p")
    floor.hold("p", by=BOB)
    floor.venue = with_pool(1)
    assert floor.section("p").capacity == Capacity(total=1, available=0, over_committed=1)
    floor.venue = with_pool(5)
    assert floor.section("p").capacity == Capacity(total=5, available=3)
    floor.venue = with_pool(1)
    large = floor.hold("s1")
    assert floor.section("s1").capacity == Capacity(total=1, available=0)
    accepted(floor.release(large.hold_id))


def test_one_large_claim_on_a_section_of_one() -> None:
    floor = Floor()
    floor.hold("p", quantities={"p": 3})
    floor.venue = with_pool(1)
    assert floor.section("p").capacity == Capacity(total=1, available=0, over_committed=2)


def test_a_block_takes_no_units() -> None:
    floor = Floor()
    floor.block("p")
    floor.block("p")
    assert floor.section("p").capacity == Capacity(total=5, available=0)
    floor.venue = with_pool(2)
    assert floor.section("p").capacity == Capacity(total=2, available=0)


def test_a_table_with_seats_counts_its_seats() -> None:
    floor = Floor()
    floor.hold("t1-1", "t1-2")
    assert floor.section("t1").capacity == Capacity(total=4, available=2)


def test_several_that_stayed_on_a_section_of_one_may_all_become_bookings() -> None:
    """The database lets one exclusive claim be on such a section; those that were there before are not
    exclusive, nor is what they become."""
    floor = Floor()
    mine, theirs = floor.hold("p"), floor.hold("p", by=BOB)
    floor.venue = with_pool(1)
    exclusive = []
    for hold_id, by in ((mine.hold_id, customer()), (theirs.hold_id, BOB)):
        exclusive.append(_exclusive(floor, accepted(floor.try_confirm(hold_id, by=by))))
    assert exclusive == [[False], [False]]
    fresh = accepted(floor.try_hold("s1", by=STAFF))
    assert _exclusive(floor, fresh) == [True]


def test_the_last_that_stayed_is_alone_again() -> None:
    floor = Floor()
    mine, theirs = floor.hold("p"), floor.hold("p", by=BOB)
    floor.venue = with_pool(1)
    accepted(floor.release(mine.hold_id))
    decision = accepted(floor.try_confirm(theirs.hold_id, by=BOB))
    assert _exclusive(floor, decision) == [True]


def _exclusive(floor: Floor, decision: object) -> list[bool]:
    """The column of the rows of claims that a decision writes."""
    batch = Batch()
    group = batch.add_group([], None, None)
    part = decision.parts[KEY]  # type: ignore[attr-defined]
    batch.add_part(group, floor.venue, floor.state, part, "c1", 1)
    rows = batch.arguments()[-10:]
    exclusive = rows[7]
    assert isinstance(exclusive, tuple | list)
    return list(exclusive)
