"""Slots on the nights that clocks change: Europe/London skips 01:00 to 02:00 on 2027-03-28."""

from __future__ import annotations

import pytest

from holdfast.contracts.ids import timestamp
from holdfast.contracts.schedule import slot_window
from holdfast.contracts.venues import Slot


def window(start: str, end: str, date: str = "2027-03-28") -> tuple[str, str]:
    found = slot_window(Slot(slot_id="s", start=start, end=end), date, "Europe/London")
    assert found is not None
    return timestamp(found.starts_at)[11:16], timestamp(found.ends_at)[11:16]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("00:30", "01:30", ("00:30", "01:30")),
        ("01:15", "01:45", ("01:15", "01:45")),
        ("01:30", "02:15", ("01:30", "02:15")),
        ("01:00", "02:00", ("01:00", "02:00")),
        ("01:30", "04:00", ("01:30", "03:00")),
        ("02:00", "03:00", ("01:00", "02:00")),
    ],
)
def test_no_slot_ends_before_it_starts(start: str, end: str, expected: tuple[str, str]) -> None:
    assert window(start, end) == expected


@pytest.mark.parametrize(
    ("start", "end", "ends_at"),
    [
        ("26:00", "27:00", "2027-06-02T02:00:00.000Z"),
        ("26:00", "03:00", "2027-06-02T02:00:00.000Z"),
        ("26:00", "01:00", "2027-06-03T00:00:00.000Z"),
        ("34:00", "10:00", "2027-06-03T09:00:00.000Z"),
        ("35:59", "00:00", "2027-06-02T23:00:00.000Z"),
    ],
)
def test_an_end_is_the_first_such_time_after_a_start_on_the_next_day(
    start: str, end: str, ends_at: str
) -> None:
    slot = Slot(slot_id="s", start=start, end=end)
    found = slot_window(slot, "2027-06-01", "Europe/London")
    assert found is not None
    assert found.starts_at < found.ends_at
    assert timestamp(found.ends_at) == ends_at


def test_of_a_repeated_hour_the_first_is_meant() -> None:
    assert window("01:30", "02:30", "2027-10-31") == ("00:30", "02:30")
