"""Position: how far the feed has come, and who waits for it to come further."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from holdfast.contracts.cursor import Cursor


class Position:
    """Stream sequence `seq` of history `epoch`: everything up to there was handled by the hub.

    `epoch` is empty until the feed has found the stream.
    """

    def __init__(self) -> None:
        self.epoch = ""
        self.seq = 0
        self._attached = asyncio.Event()
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._tickets = count()

    @property
    def cursor(self) -> str:
        """The position as an SSE id."""
        return str(Cursor(self.epoch, self.seq))

    @property
    def attached(self) -> bool:
        """Whether the feed has a history at all."""
        return self._attached.is_set()

    def begin(self, epoch: str, seq: int) -> None:
        """Another history: whoever waited for a sequence of the old one is forgotten."""
        self.epoch = epoch
        self.seq = seq
        self._waiting.clear()
        self._attached.set()

    def advance(self, seq: int) -> None:
        """Move on, after everything up to `seq` was applied: those called here may join at once."""
        if seq <= self.seq:
            return
        self.seq = seq
        while self._waiting and self._waiting[0][0] <= seq:
            heapq.heappop(self._waiting)[2]()

    def when(self, seq: int, callback: Callable[[], None]) -> None:
        """Call back once the position is at `seq`; not from here."""
        heapq.heappush(self._waiting, (seq, next(self._tickets), callback))

    async def until_attached(self) -> None:
        """Wait for the first history."""
        await self._attached.wait()

    async def reached(self, seq: int) -> None:
        """Wait until the position is at `seq`; bound it with `asyncio.timeout`."""
        if self.seq >= seq:
            return
        arrived = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            if not arrived.done():
                arrived.set_result(None)

        self.when(seq, arrive)
        await arrived

    async def moved(self) -> None:
        """Wait until the position is further than now."""
        await self.reached(self.seq + 1)
