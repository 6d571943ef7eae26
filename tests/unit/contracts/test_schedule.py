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


def test_of_a_repeated_hour_the_first_is_meant() -> None:
    assert window("01:30", "02:30", "2027-10-31") == ("00:30", "02:30")
