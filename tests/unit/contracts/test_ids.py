from __future__ import annotations

import msgspec
import pytest

from holdfast.contracts.ids import (
    Currency,
    Date,
    Id,
    Timestamp,
    epoch_ms,
    is_date,
    is_id,
    timestamp,
)
from holdfast.contracts.venues import ClockTime


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Id, "late"),
        (Id, "_-9"),
        (Date, "2026-02-15"),
        (Currency, "GBP"),
        (Timestamp, "2026-02-15T21:01:12.123Z"),
        (ClockTime, "35:59"),
    ],
)
def test_a_line_feed_or_foreign_digits_never_pass(type_: object, text: str) -> None:
    assert msgspec.convert(text, type_) == text
    for wrong in (
        text + "\n",
        "\n" + text,
        text + " ",
        text.replace("5", "٥").replace("9", "٩") + "é",
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, type_)


@pytest.mark.parametrize("text", ["", "a.b", "a b", "a\n", "ä", "x" * 65, "*", ">"])
def test_ids_are_one_token_of_a_subject(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-2-3", "20260215", "2026-W07-7", "２０２６-02-15"]
)
def test_dates_are_calendar_days(text: str) -> None:
    assert not is_date(text)


@pytest.mark.parametrize("ms", [0, 1, 999, 1_771_189_272_123])
def test_times_come_back(ms: int) -> None:
    assert epoch_ms(timestamp(ms)) == ms
