"""Lobby: connections that owe us a request, bounded in time and number.

Uvicorn has no limit for those that never send one, or a byte a second: each would keep a descriptor
and some KiB for ever. A connection is here from its first moment to the end of its request, and again
from the first byte of the next request to its end; between the two it is uvicorn's to end (keep-alive)
and only counts here. Entries are in order of time, so that a sweep looks at nobody but those it ends,
and the number is bounded by letting go who has been idle for longest.
"""

from __future__ import annotations

import math
from typing import Protocol


class Waiting(Protocol):
    """A connection that owes a request."""

    def give_up(self) -> None:
        """Answer what can be answered, and close."""


class Lobby:
    """`seconds` for a whole request, `limit` connections at once, idle ones among them.

    `closing` tells the connections that the server is on its way out: each answer is then the last
    one of its connection. Time is counted in sweeps, one each `interval` seconds, because a loop that
    was held up has not read yet what has long been sent.
    """

    def __init__(self, *, seconds: float, limit: int, interval: float) -> None:
        self.closing = False
        self._sweeps = 0
        self._patience = max(1, math.ceil(seconds / interval))
        self._limit = limit
        self._since: dict[Waiting, int] = {}
        self._idle: dict[Waiting, None] = {}

    def __len__(self) -> int:
        return len(self._since) + len(self._idle)

    def enter(self, connection: Waiting) -> None:
        """From now on it owes a request."""
        self.leave(connection)
        self._since[connection] = self._sweeps
        self._bound()

    def rest(self, connection: Waiting) -> None:
        """It was answered, and may ask again."""
        self.leave(connection)
        self._idle[connection] = None
        self._bound()

    def stir(self, connection: Waiting) -> None:
        """It sends something. Were it idle, it would owe a request from now on, even if what came is
        no beginning of one."""
        if connection in self._idle:
            self.enter(connection)

    def leave(self, connection: Waiting) -> None:
        """Its request is whole, or it is gone."""
        self._since.pop(connection, None)
        self._idle.pop(connection, None)

    def _bound(self) -> None:
        if len(self) > self._limit:
            oldest = next(iter(self._idle or self._since))
            self.leave(oldest)
            oldest.give_up()

    def sweep(self) -> None:
        """End those that have owed theirs for too long."""
        self._sweeps += 1
        late = []
        for connection, since in self._since.items():
            if self._sweeps - since <= self._patience:
                break
            late.append(connection)
        for connection in late:
            self._since.pop(connection, None)
            connection.give_up()
