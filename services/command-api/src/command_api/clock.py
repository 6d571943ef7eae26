"""The database's clock, read without asking: this machine's steady clock plus a measured offset.

The database is the only clock. Each answer of an append carries its time, taken somewhere between our
sending and our receiving, which bounds the offset from both sides; the narrowest recent bounds win.
A decision near a deadline is checked again by the append itself, under the lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from holdfast.contracts.ids import timestamp

WIDEN_MS_PER_S = 0.2
"""How fast old bounds lose their worth: more than crystals drift, less than a slewed clock."""


class DatabaseClock:
    """Milliseconds since the Unix epoch by the database's clock."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._low = self._high = time.time() * 1000 - steady() * 1000
        self._measured_at: float | None = None

    def steady_ms(self) -> float:
        """This machine's steady clock, for `learn`."""
        return self._steady() * 1000

    def learn(self, sent_ms: float, received_ms: float, database_ms: int) -> None:
        """The database said `database_ms` at some moment between the two steady times."""
        low, high = database_ms - received_ms, database_ms + 1 - sent_ms
        if self._measured_at is not None:
            spread = (received_ms - self._measured_at) / 1000 * WIDEN_MS_PER_S
            kept_low, kept_high = self._low - spread, self._high + spread
            if max(low, kept_low) <= min(high, kept_high):
                low, high = max(low, kept_low), min(high, kept_high)
            # else: somebody set a clock; believe only what was just measured
        self._low, self._high, self._measured_at = low, high, received_ms

    def now_ms(self) -> int:
        """The time by the middle of the bounds."""
        return int(self._steady() * 1000 + (self._low + self._high) / 2)

    def now(self) -> str:
        """The same as an RFC 3339 time."""
        return timestamp(self.now_ms())
