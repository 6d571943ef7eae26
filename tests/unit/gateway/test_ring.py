"""The ring: recent events by sequence and version, within a budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_gateway.frames import Event, LayoutChange
from stream_gateway.ring import Budget, Ring


def event(seq: int, version: int, size: int = 10) -> Event:
    return Event(
        seq, 0, b"x" * size, change=LayoutChange(channel="c", layout_version=1, version=version)
    )


def ring_of(numbers: int, *, limit: int = 10**9, total: int = 10**9, step: int = 3) -> Ring:
    ring = Ring(0, 0, limit=limit, total=Budget(total))
    for number in range(1, numbers + 1):
        ring.append(event(number * step, number))
    return ring


def test_finds_by_sequence_and_by_version() -> None:
    ring = ring_of(5)
    assert [each.seq for each in ring.after(6)] == [9, 12, 15]
    assert [each.seq for each in ring.after(7)] == [9, 12, 15]
    assert [each.version for each in ring.after(ring.seq_of(3))] == [4, 5]
    assert ring.after(15) == []
    assert ring.after(ring.seq_of(5)) == []


def test_lets_the_oldest_go_and_says_so() -> None:
    cost = event(1, 1).cost
    ring = ring_of(10, limit=3 * cost)
    assert len(ring) == 3
    assert (ring.floor, ring.floor_version) == (21, 7)
    assert ring.covers(21)
    assert not ring.covers(20)
    assert ring.covers_version(7)
    assert not ring.covers_version(6)


def test_keeps_the_newest_even_beyond_the_budget() -> None:
    ring = ring_of(3, limit=1)
    assert [each.version for each in ring.after(ring.seq_of(2))] == [3]


def test_all_rings_share_a_budget() -> None:
    cost = event(1, 1).cost
    total = Budget(4 * cost)
    rings = [Ring(0, 0, limit=10**9, total=total) for _ in range(2)]
    for number in range(1, 11):
        for ring in rings:
            ring.append(event(number, number))
    assert total.used <= 5 * cost
    for ring in rings:
        ring.clear()
    assert total.used == 0


def test_older_events_come_back_below_and_stay_until_trimmed() -> None:
    cost = event(1, 1).cost
    ring = ring_of(10, limit=2 * cost)
    assert ring.floor_version == 8
    ring.prepend([event(number * 3, number) for number in range(5, 9)], 12, 4)
    assert ring.covers(12)
    assert [each.version for each in ring.after(ring.seq_of(4))] == [5, 6, 7, 8, 9, 10]
    ring.append(event(33, 11))
    assert [each.version for each in ring.after(12)] == [5, 6, 7, 8, 9, 10, 11]
    ring.trim()
    assert (ring.floor_version, len(ring)) == (9, 2)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4000)), max_size=200),
    st.integers(2_000, 60_000),
)
def test_is_a_window_on_the_whole_history(steps: list[tuple[int, int]], limit: int) -> None:
    ring = Ring(0, 0, limit=limit, total=Budget(10**9))
    history: list[Event] = []
    seq = 0
    for version, (step, size) in enumerate(steps, 1):
        seq += step
        history.append(event(seq, version, size))
        ring.append(history[-1])
        assert [e.seq for e in ring.after(ring.floor)] == [
            e.seq for e in history if e.seq > ring.floor
        ]
        assert ring.seq_of(ring.floor_version) == ring.floor
        assert sum(e.cost for e in ring.after(ring.floor)) <= max(limit, history[-1].cost)


@pytest.mark.parametrize("seq", [0, 5, 100])
def test_an_empty_ring_covers_its_floor_and_what_is_above(seq: int) -> None:
    ring = Ring(5, 2, limit=1000, total=Budget(1000))
    assert ring.covers(seq) == (seq >= 5)
    if seq >= 5:
        assert ring.after(seq) == []
