"""Rates: how often somebody may do something, as token buckets. Of this process alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

MAX_BUCKETS = 50_000


class Rates:
    """A bucket for each key: `burst` at once, refilled evenly to `burst` in `seconds`. `now`: steady
    seconds. Full buckets are forgotten first, then those that were used longest ago."""

    def __init__(self, burst: int, seconds: float, now: Callable[[], float]) -> None:
        self._burst = burst
        self._each = seconds / burst
        self._now = now
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """0 where it may be done now; else the seconds to wait."""
        now = self._now()
        full_at = max(self._full_at.get(key, now), now) + self._each
        wait = full_at - now - self._burst * self._each
        if wait > 1e-9:
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > MAX_BUCKETS:
            self._full_at.popitem(last=False)
        return 0.0
