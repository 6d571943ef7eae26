"""The dates of a series: as they are named, or weekly with exceptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from command_api.domain.decision import Rejection
from command_api.domain.holds.asked import invalid
from holdfast.contracts.bookings import MAX_DATES, Recurrence, SeriesRequest
from holdfast.contracts.ids import is_date

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def dates_of(request: SeriesRequest) -> list[str] | Rejection:
    """1 to 366 dates, none twice; as named, or in order of time."""
    if (request.dates is None) == (request.recurrence is None):
        return invalid("dates", "name either dates or a recurrence")
    if request.recurrence is not None:
        return _recurring(request.recurrence)
    return _named(request.dates or [])


def _named(dates: list[str]) -> list[str] | Rejection:
    seen: set[str] = set()
    for place, date in enumerate(dates):
        if not is_date(date):
            return _no_date(f"dates[{place}]", date)
        if date in seen:
            return invalid(f"dates[{place}]", f"{date} is named twice")
        seen.add(date)
    return dates


def _recurring(rule: Recurrence) -> list[str] | Rejection:
    for name, date in (("from", rule.from_), ("until", rule.until)):
        if not is_date(date):
            return _no_date(f"recurrence.{name}", date)
    for place, date in enumerate(rule.except_):
        if not is_date(date):
            return _no_date(f"recurrence.except[{place}]", date)
    if rule.until < rule.from_:
        return invalid("recurrence.until", "it is before from")
    left_out, found = set(rule.except_), list[str]()
    for date in _days(rule):
        if date in left_out:
            continue
        if len(found) == MAX_DATES:
            return invalid("recurrence.until", f"these are more than {MAX_DATES} dates")
        found.append(date)
    return found or invalid("recurrence", "no date is left of it")


def _days(rule: Recurrence) -> Iterator[str]:
    """One by one: a rule may reach over thousands of years, and whoever asks stops in time."""
    first = dt.date.fromisoformat(rule.from_).toordinal()
    last = dt.date.fromisoformat(rule.until).toordinal()
    wanted = {_WEEKDAYS.index(weekday) for weekday in rule.weekdays}
    monday = first - dt.date.fromordinal(first).weekday()
    for week in range(monday, last + 1, 7 * rule.every_weeks):
        for ordinal in (week + weekday for weekday in sorted(wanted)):
            if first <= ordinal <= last:
                yield dt.date.fromordinal(ordinal).isoformat()


def _no_date(path: str, date: str) -> Rejection:
    return invalid(path, f"{date!r} is not a calendar day (YYYY-MM-DD)")
