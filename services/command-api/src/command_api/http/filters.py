"""Query parameters of lists and counts: texts, numbers, dates, and places to go on from."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeVar

from command_api.http.call import Call
from command_api.http.problems import invalid
from command_api.http.reading import check_date, query_page
from holdfast.contracts.ids import epoch_ms, is_date, is_id

E = TypeVar("E", bound=StrEnum)

_PLACE = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{1,64})\Z")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z\Z", re.ASCII
)
_NUMBER = re.compile(r"[0-9]{1,9}\Z", re.ASCII)


class Dates(NamedTuple):
    """Service dates, both included."""

    first: str
    last: str

    @property
    def all(self) -> list[str]:
        return list_dates(self.first, (day_of(self.last) - day_of(self.first)).days + 1)


def query_text(call: Call, name: str, most: int) -> str | None:
    """A text without control characters, which a database may refuse; None: nothing was asked."""
    value = call.query.get(name, "").strip()
    if len(value) > most:
        raise invalid(name, f"at most {most} characters")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in value):
        raise invalid(name, "no control characters")
    return value or None


def query_whole(call: Call, name: str, least: int, most: int) -> int | None:
    """A whole number; None where it is not there."""
    value = call.query.get(name)
    if value is None:
        return None
    if not _NUMBER.match(value) or not least <= int(value) <= most:
        raise invalid(name, f"a whole number from {least} to {most}")
    return int(value)


def optional_id(call: Call, name: str) -> str | None:
    value = call.query.get(name)
    if value is not None and not is_id(value):
        raise invalid(name, "letters, digits, `_` and `-`, at most 64")
    return value


def optional_date(call: Call, name: str) -> str | None:
    value = call.query.get(name)
    return None if value is None else check_date(value, name)


def query_words(call: Call, name: str, type_: type[E]) -> frozenset[E] | None:
    """Words of a closed list, with commas between; None where there are none."""
    value = call.query.get(name)
    if not value:
        return None
    try:
        return frozenset(type_(word) for word in value.split(","))
    except ValueError:
        raise invalid(name, f"of {', '.join(type_)}, with commas between") from None


def optional_dates(call: Call) -> tuple[str | None, str | None]:
    """`date`, or `from` and `to`, each as they like."""
    on = optional_date(call, "date")
    first, last = optional_date(call, "from"), optional_date(call, "to")
    if on is not None and (first, last) != (None, None):
        raise invalid("date", "either date, or from and to")
    if first is not None and last is not None and first > last:
        raise invalid("to", "must not be before from")
    return on or first, on or last


def query_dates(call: Call, most: int) -> Dates:
    """`date`, or `from` and `to`: at most so many days."""
    first, last = optional_dates(call)
    if first is None or last is None:
        name = "date" if first is last else "from" if first is None else "to"
        raise invalid(name, "date is required, or both from and to")
    if (day_of(last) - day_of(first)).days >= most:
        raise invalid("to", f"at most {most} days")
    return Dates(first, last)


def list_dates(first: str, days: int) -> list[str]:
    """So many dates, up to where the calendar ends."""
    start = day_of(first)
    days = min(days, (date.max - start).days + 1)
    return [(start + timedelta(days=ahead)).isoformat() for ahead in range(days)]


def query_moment(call: Call, name: str) -> int | str | None:
    """Milliseconds since the Unix epoch; or a date, which stands for a day of the venue."""
    value = call.query.get(name)
    if value is None or is_date(value):
        return value
    try:
        if not _MOMENT.match(value):
            raise ValueError(value)
        return epoch_ms(value)
    except (ValueError, OverflowError):
        raise invalid(name, "a date, or an RFC 3339 time in UTC (…Z)") from None


def query_place(call: Call) -> tuple[int, str] | None:
    """The (created ms, id) that `page_of` made the token of."""
    token = query_page(call)
    if token is None:
        return None
    match = _PLACE.match(token)
    if match is None:
        raise invalid("pageToken", "not a token that this list gave out")
    return int(match[1]), match[2]


def day_of(text: str) -> date:
    return date.fromisoformat(text)
