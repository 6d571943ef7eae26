"""Moments: RFC 3339 UTC text with milliseconds, which sorts, and so is compared, as text."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache


@lru_cache(maxsize=4096)
def later(moment: str, seconds: int) -> str:
    """`moment` moved by `seconds`, which may be negative."""
    moved = datetime.fromisoformat(moment[:-1]) + timedelta(seconds=seconds)
    return moved.isoformat(timespec="milliseconds") + "Z"


def earliest(one: str | None, other: str | None) -> str | None:
    """The earlier of two moments; None stands for never."""
    if one is None or other is None:
        return one or other
    return min(one, other)


def latest(one: str | None, other: str | None) -> str | None:
    """The later of two moments; None stands for long ago."""
    if one is None or other is None:
        return one or other
    return max(one, other)
