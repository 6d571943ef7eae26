"""The dates of a series."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from command_api.domain.bookings.recurrence import dates_of
from command_api.domain.decision import Rejection
from holdfast.contracts.bookings import SeriesRequest
from holdfast.contracts.problems import Code

SUNDAY = {"from": "2026-03-01", "until": "2026-03-01", "weekdays": ["sun"]}


def dates(**more: Any) -> list[str] | Rejection:
    body = {"slotId": "late", "sectionIds": ["s1"], **more}
    return dates_of(msgspec.convert(body, SeriesRequest))


def weekly(**more: Any) -> list[str] | Rejection:
    rule = {"from": "2026-02-18", "until": "2026-03-15", "weekdays": ["sun", "wed"], **more}
    return dates(recurrence=rule)


def test_named_dates_stay_in_their_order() -> None:
    assert dates(dates=["2026-03-01", "2026-02-22"]) == ["2026-03-01", "2026-02-22"]


def test_every_week_on_these_days_from_the_first_to_the_last() -> None:
    wednesdays = ["2026-02-18", "2026-02-25", "2026-03-04", "2026-03-11"]
    sundays = ["2026-02-22", "2026-03-01", "2026-03-08", "2026-03-15"]
    assert weekly() == sorted(wednesdays + sundays)
    assert weekly(weekdays=["sun"], **{"except": ["2026-03-01", "2026-03-02"]}) == [
        "2026-02-22",
        "2026-03-08",
        "2026-03-15",
    ]


def test_every_other_week_is_counted_from_the_week_that_it_begins_in() -> None:
    assert weekly(everyWeeks=2) == ["2026-02-18", "2026-02-22", "2026-03-04", "2026-03-08"]
    assert weekly(weekdays=["mon"], everyWeeks=2) == ["2026-03-02"]


def test_the_summer_hour_moves_no_date() -> None:
    found = weekly(**{"from": "2026-03-22", "until": "2026-04-05", "weekdays": ["sun"]})
    assert found == ["2026-03-22", "2026-03-29", "2026-04-05"]


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({}, "dates"),
        ({"dates": ["2026-03-01"], "recurrence": SUNDAY}, "dates"),
        ({"dates": ["2026-03-01", "2026-03-01"]}, "dates[1]"),
        ({"dates": ["2026-02-30"]}, "dates[0]"),
    ],
)
def test_dates_that_make_no_sense_are_refused(request_: dict[str, Any], path: str) -> None:
    assert _path(dates(**request_)) == path


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"until": "2026-02-17"}, "recurrence.until"),
        ({"until": "2028-02-30"}, "recurrence.until"),
        ({"from": "2026-02-00"}, "recurrence.from"),
        ({"until": "9999-12-31"}, "recurrence.until"),
        ({"except": ["2026-02-29"]}, "recurrence.except[0]"),
        ({"until": "2026-02-21", "weekdays": ["sun"]}, "recurrence"),
        ({"from": "9999-12-30", "until": "9999-12-31", "weekdays": ["sun"]}, "recurrence"),
    ],
)
def test_recurrences_that_make_no_sense_are_refused(rule: dict[str, Any], path: str) -> None:
    assert _path(weekly(**rule)) == path


def _path(found: list[str] | Rejection) -> str:
    assert isinstance(found, Rejection)
    assert found.code is Code.VALIDATION_FAILED
    path: str = found.facts["errors"][0]["path"]
    return path
