"""The time of day as it stands in events. It is information for clients; nothing is decided by it."""

from __future__ import annotations

import random
import time

from holdfast.contracts.ids import timestamp

MIN_RETRY = 1000
MAX_RETRY = 3000
"""Milliseconds; spread, so that clients that were cut together do not come back together."""


def timestamp_now() -> str:
    """Now, RFC 3339 in UTC with milliseconds."""
    return timestamp(time.time_ns() // 1_000_000)


def jittered_retry() -> int:
    """Milliseconds for a `retry:` field."""
    return random.randint(MIN_RETRY, MAX_RETRY)


def later_retry() -> int:
    """The same for those who wait for something that is on its way, or may never come."""
    return random.randint(5_000, 15_000)
