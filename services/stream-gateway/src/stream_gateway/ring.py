"""Ring: the recent events of a channel, found by sequence or version, within a byte budget."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from stream_gateway.frames import Event

_COMPACT = 64


class Budget:
    """How much of something all channels together may keep."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0


class Ring:
    """Holds every event of its channel with a sequence above `floor`.

    `floor_version` is the channel's version at the floor; versions are dense above it. Events come
    in order; `prepend` puts older ones below. Those stay over the budget until `trim` is called,
    because whoever asked for them is about to read them.
    """

    def __init__(self, floor: int, floor_version: int, *, limit: int, total: Budget) -> None:
        self.floor = floor
        self.floor_version = floor_version
        self._limit = limit
        self._total = total
        self._events: list[Event] = []
        self._seqs: list[int] = []
        self._start = 0
        self._bytes = 0
        self._lent = False

    def __len__(self) -> int:
        return len(self._events) - self._start

    def append(self, event: Event) -> None:
        """The newest event."""
        self._events.append(event)
        self._seqs.append(event.seq)
        self._grow(event.cost)
        if not self._lent:
            self.trim()

    def prepend(self, events: Sequence[Event], floor: int, floor_version: int) -> None:
        """Older events: all of the channel's between `floor` and the present floor."""
        self._events[: self._start] = events
        self._seqs[: self._start] = [event.seq for event in events]
        self._start = 0
        self.floor = floor
        self.floor_version = floor_version
        self._grow(sum(event.cost for event in events))
        self._lent = True

    def trim(self) -> None:
        """Let the oldest go until the budget holds; the newest always stays."""
        self._lent = False
        last = len(self._events) - 1
        while self._start < last and (
            self._bytes > self._limit or self._total.used > self._total.limit
        ):
            event = self._events[self._start]
            self._start += 1
            self.floor, self.floor_version = event.seq, event.version
            self._grow(-event.cost)
        if self._start >= _COMPACT or self._start > last:
            del self._events[: self._start]
            del self._seqs[: self._start]
            self._start = 0

    def clear(self) -> None:
        """Forget everything and give the bytes back."""
        self._events.clear()
        self._seqs.clear()
        self._start = 0
        self._grow(-self._bytes)

    def covers(self, seq: int) -> bool:
        """Whether everything after `seq` is here."""
        return seq >= self.floor

    def covers_version(self, version: int) -> bool:
        """Whether everything after `version` is here."""
        return version >= self.floor_version

    def after(self, seq: int) -> list[Event]:
        """The events above `seq`; only where `covers(seq)`."""
        return self._events[bisect_right(self._seqs, seq, self._start) :]

    def seq_of(self, version: int) -> int:
        """The last sequence that belongs to `version`: everything after it is newer; only where
        `covers_version(version)`."""
        place = self._start + version - self.floor_version
        return self._seqs[place - 1] if place > self._start else self.floor

    def _grow(self, size: int) -> None:
        self._bytes += size
        self._total.used += size
