"""When a slot of a service date starts and ends, in UTC.

A slot belongs to its service date even where it runs past midnight. Local times are resolved in the
venue's zone: a time that a DST change skips moves forward by the gap, a time that comes twice means
the first (PEP 495, fold 0). A slot that would end before it starts, since only its start is skipped, keeps
its length.
"""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holdfast.contracts.venues import Slot

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(NamedTuple):
    """Milliseconds since the Unix epoch; `closed` by an exception on that date."""

    starts_at: int
    ends_at: int
    closed: bool


def is_timezone(name: str) -> bool:
    """Whether `name` is an IANA zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def slot_window(slot: Slot, date: str, timezone: str) -> Window | None:
    """The window of `slot` on service date `date`; None where the slot does not run on that date."""
    day = dt.date.fromisoformat(date)
    if slot.days is not None and _WEEKDAYS[day.weekday()] not in slot.days:
        return None
    if (slot.valid_from and date < slot.valid_from) or (slot.valid_to and date > slot.valid_to):
        return None
    start, end, closed = slot.start, slot.end, False
    for exception in slot.exceptions:
        if exception.date == date:
            start, end = exception.start or start, exception.end or end
            closed = exception.closed
    return Window(*_bounds(date, start, end, timezone), closed)


@lru_cache(maxsize=8192)
def _bounds(date: str, start: str, end: str, timezone: str) -> tuple[int, int]:
    first, last = _minutes(start), _minutes(end)
    while last <= first:  # twice where it starts on the next day, as 26:00, and ends as 01:00
        last += 24 * 60
    zone = ZoneInfo(timezone)
    midnight = datetime.fromisoformat(date)
    starts_at, ends_at = _utc_ms(midnight, first, zone), _utc_ms(midnight, last, zone)
    if ends_at <= starts_at:  # it starts in the hour that is skipped, and ends soon after it
        ends_at = starts_at + (last - first) * 60_000
    return starts_at, ends_at


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _utc_ms(midnight: datetime, minutes: int, zone: ZoneInfo) -> int:
    local = (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone)
    return round(local.astimezone(UTC).timestamp() * 1000)
