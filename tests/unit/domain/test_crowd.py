"""Claims of slots that do not overlap each other never meet: what is taken is what is taken at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.build import DATE, KEY, Floor, accepted, customer, rejected, venue

from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.overlaps import overlapping
from command_api.domain.holds.vacancy import vacancy_of
from command_api.domain.venue.days import day_of
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import BestAvailable, Hold
from holdfast.contracts.problems import Code
from holdfast.contracts.states import SectionKind, SectionState
from holdfast.contracts.venues import Section, Slot

LATE = KEY
EARLY, DINNER = KEY._replace(slot="early"), KEY._replace(slot="dinner")
SLOTS = [
    Slot(slot_id="early", start="19:00", end="22:00"),
    Slot(slot_id="late", start="21:00", end="24:00"),
    Slot(slot_id="dinner", start="23:00", end="26:00"),
]


def floor(**more: Any) -> Floor:
    return Floor(slots=SLOTS, **more)


def hold(place: Floor, key: ChannelKey, quantity: int, by: str = "ann") -> Hold:
    place.state = place.channels.get(key)
    return place.hold("p", quantities={"p": quantity}, by=customer(by))


def left(place: Floor, key: ChannelKey) -> int:
    place.state = place.channels.get(key)
    return place.section("p").capacity.available


def test_a_pool_is_as_full_as_at_its_fullest_moment() -> None:
    place = floor()
    hold(place, EARLY, 3)
    hold(place, DINNER, 4, by="bob")
    assert [left(place, key) for key in (EARLY, LATE, DINNER)] == [2, 1, 1]
    hold(place, LATE, 1, by="cat")
    assert [left(place, key) for key in (EARLY, LATE, DINNER)] == [1, 0, 0]
    denied = rejected(place.try_hold("p", by=customer("dan")))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    hold(place, EARLY, 1, by="eve")


def test_who_lets_the_server_choose_gets_what_is_left_at_the_fullest_moment() -> None:
    place = floor()
    hold(place, EARLY, 3)
    hold(place, DINNER, 4, by="bob")
    place.state = place.channels.get(LATE)
    wanted = BestAvailable(quantity=1, kind=SectionKind.POOL)
    assert place.hold(best_available=wanted, by=customer("cat")).section_ids == ["p"]
    assert rejected(place.try_hold(best_available=wanted)).code is Code.SECTION_NOT_AVAILABLE


def test_what_is_left_at_the_fullest_moment_is_an_alternative() -> None:
    place = floor()
    hold(place, EARLY, 3)
    hold(place, DINNER, 3, by="bob")
    free = vacancy_of(place.venue, place.channels.get(LATE), place.now)
    assert free.left(place.venue.units["p"]) == 2
    assert free.free(place.venue.units["p"], 2)


def test_events_say_the_same_as_snapshots() -> None:
    place = floor()
    hold(place, EARLY, 3)
    hold(place, DINNER, 4, by="bob")
    hold(place, LATE, 1, by="cat")
    for key in (EARLY, LATE, DINNER):
        events = [
            event
            for decision in place.decisions
            if key in decision.parts
            for event in decision.parts[key].events
        ]
        place.state = place.channels.get(key)
        assert events[-1].capacity == place.section("p").capacity
        assert all(event.capacity.over_committed == 0 for event in events)


def test_two_neighbours_that_never_meet_are_no_over_commitment() -> None:
    place = floor()
    for key, by in ((EARLY, "ann"), (DINNER, "bob")):
        place.state = place.channels.get(key)
        place.hold("s1", by=customer(by))
    place.state = place.channels.get(LATE)
    section = place.section("s1")
    assert len(section.claims) == 2
    assert (section.state, section.capacity.over_committed) == (SectionState.HELD, 0)


def test_neighbours_that_meet_are_added_up() -> None:
    place = floor()
    place.venue = venue(slots=[*SLOTS, Slot(slot_id="supper", start="23:30", end="25:00")])
    supper = KEY._replace(slot="supper")
    hold(place, DINNER, 2)
    hold(place, supper, 2, by="bob")
    hold(place, EARLY, 3, by="cat")
    assert left(place, LATE) == 1
    assert left(place, DINNER) == 1


def test_a_smaller_pool_counts_over_commitment_at_its_fullest_moment() -> None:
    place = floor()
    hold(place, EARLY, 3)
    hold(place, DINNER, 4, by="bob")
    place.venue = venue(
        slots=SLOTS, sections=[Section(section_id="p", kind=SectionKind.POOL, capacity=3)]
    )
    place.state = place.channels.get(LATE)
    section = place.section("p")
    assert (section.capacity.available, section.capacity.over_committed) == (0, 1)
    assert left(place, EARLY) == 0
    assert place.section("p").capacity.over_committed == 0


def test_releasing_gives_back_what_it_took() -> None:
    place = floor()
    early = hold(place, EARLY, 3)
    hold(place, DINNER, 2, by="bob")
    assert left(place, LATE) == 2
    place.state = place.channels.get(EARLY)
    accepted(place.release(early.hold_id))
    assert [left(place, key) for key in (EARLY, LATE, DINNER)] == [5, 3, 3]


times = st.integers(0, 60).map(lambda quarter: f"{quarter // 4:02}:{15 * (quarter % 4):02}")


@settings(max_examples=150, deadline=None)
@given(
    windows=st.lists(st.tuples(times, times), min_size=2, max_size=6),
    units=st.lists(st.integers(1, 4), min_size=30, max_size=30),
)
def test_the_peak_is_that_of_trying_every_moment(
    windows: list[tuple[str, str]], units: list[int]
) -> None:
    slots = [Slot(slot_id=f"s{n}", start=a, end=b) for n, (a, b) in enumerate(windows)]
    place = venue(slots=slots)
    key = ChannelKey("backroom", "leeds", DATE, "s0")
    elsewhere = {other.name: units[number] for number, other in enumerate(overlapping(place, key))}
    assert Crowd(place, key).peak(elsewhere) == _by_trying(place, key, elsewhere)


def _by_trying(place: Any, key: ChannelKey, elsewhere: dict[str, int]) -> int:
    """At every beginning within the window."""
    own = day_of(place, key.date, key.slot)
    assert own is not None
    days = []
    for offset in range(-2, 3):
        day = (date.fromisoformat(DATE) + timedelta(days=offset)).isoformat()
        for slot_id in place.slots:
            name = ChannelKey("backroom", "leeds", day, slot_id).name
            if name in elsewhere:
                window = day_of(place, day, slot_id)
                assert window is not None
                days.append((window.starts_at, window.ends_at, elsewhere[name]))
    moments = [own.starts_at, *(start for start, _, _ in days)]
    return max(
        sum(units for start, end, units in days if start <= moment < end)
        for moment in moments
        if own.starts_at <= moment < own.ends_at
    )
