"""Lobby: connections that owe us a request, bounded in time and number.

Uvicorn has no limit for those that never send one, or a byte a second: each would keep a descriptor
and some KiB for ever. A connection is here from its first moment to the end of its request, and again
from the end of an answer to the end of the next request. Entries are in order of time, so that a sweep
looks at nobody but those it ends, and the number is bounded by letting the oldest go.
"""

from __future__ import annotations

import time
from typing import Protocol


class Waiting(Protocol):
    """A connection that owes a request."""

    def give_up(self) -> None:
        """Answer what can be answered, and close."""


class Lobby:
    """`seconds` for a whole request, `limit` connections at once. `closing` tells the connections
    that the server is on its way out: each answer is then the last one of its connection."""

    def __init__(self, *, seconds: float, limit: int) -> None:
        self.closing = False
        self._seconds = seconds
        self._limit = limit
        self._since: dict[Waiting, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def enter(self, connection: Waiting) -> None:
        """From now on it owes a request."""
        self._since.pop(connection, None)
        self._since[connection] = time.monotonic()
        if len(self._since) > self._limit:
            oldest = next(iter(self._since))
            del self._since[oldest]
            oldest.give_up()

    def leave(self, connection: Waiting) -> None:
        """Its request is whole, or it is gone."""
        self._since.pop(connection, None)

    def sweep(self) -> None:
        """End those that have owed theirs for too long."""
        limit = time.monotonic() - self._seconds
        late = []
        for connection, since in self._since.items():
            if since > limit:
                break
            late.append(connection)
        for connection in late:
            self._since.pop(connection, None)
            connection.give_up()
