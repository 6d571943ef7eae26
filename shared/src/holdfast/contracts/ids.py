"""Identifiers, dates and times as they stand in bodies, paths and subjects."""

from __future__ import annotations

import datetime as dt
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from msgspec import Meta

# In Python `$` also matches before a last line feed, and `\d` any script's digits: an id with a line
# feed would be a NATS subject with one. `(?!\n)` says the same to Python as to JSON Schema.
ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}(?!\n)$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$"
TIMESTAMP_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z(?!\n)$"
CURRENCY_PATTERN = r"^[A-Z]{3}(?!\n)$"

Id = Annotated[str, Meta(pattern=ID_PATTERN, description="Letters, digits, `_` and `-`; 1 to 64.")]
Date = Annotated[
    str, Meta(pattern=DATE_PATTERN, description="Service date, ISO 8601 `YYYY-MM-DD`.")
]
Timestamp = Annotated[
    str,
    Meta(pattern=TIMESTAMP_PATTERN, description="RFC 3339 in UTC with milliseconds."),
]
Currency = Annotated[str, Meta(pattern=CURRENCY_PATTERN, description="ISO 4217 code.")]
Amount = Annotated[int, Meta(ge=0, le=10**12, description="Money in minor units (cents).")]
Quantity = Annotated[int, Meta(ge=1, le=10_000)]

_ID = re.compile(ID_PATTERN.rstrip("$") + r"\Z")


def is_id(text: str) -> bool:
    """Whether `text` may be used as an id (and so as one token of a NATS subject)."""
    return _ID.match(text) is not None


def is_date(text: str) -> bool:
    """Whether `text` is a real calendar day written `YYYY-MM-DD`."""
    if len(text) != 10 or not text.isascii():
        return False
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def timestamp(ms: int) -> str:
    """`ms` since the Unix epoch as an RFC 3339 UTC time with milliseconds."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    """Formatting a time costs more than a decision; times of one moment share their seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=4096)
def epoch_ms(text: str) -> int:
    """The inverse of `timestamp`; raises ValueError on anything else. Remembers, since the rows of one
    decision name the same few moments many times."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return round(moment.timestamp() * 1000)
