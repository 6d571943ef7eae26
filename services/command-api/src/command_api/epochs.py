"""The epoch: which history the stream holds. Any doubt about history makes a new one.

It stands in `LIVE`'s metadata and in Postgres (`relay_state`). Where the two differ, where the
stream is missing or ends before what it once acknowledged, a new epoch begins and everything of
the retention window is published again. The change is made under a row lock in Postgres, so that
two relays with the same doubt make one epoch.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from command_api.relay_metrics import RelayMetrics
from command_api.store.relay import RelayStore, lock_state, renew_epoch
from command_api.streams import StreamInfo, StreamSettings, live_info, mark_live
from holdfast.contracts.cursor import new_epoch
from holdfast.runtime.nats import Client

if TYPE_CHECKING:
    from command_api.store.pool import Pool

log = logging.getLogger("holdfast.relay")

CHECK_SECONDS = 1.0


class HistoryDoubt(Exception):
    """The stream holds something else than we published; `args[0]` says what was seen."""


class Epochs:
    """The current epoch, and the watch over it. One user at a time: the relay's loop."""

    def __init__(
        self,
        pool: Pool,
        nc: Client,
        *,
        settings: StreamSettings,
        metrics: RelayMetrics,
    ) -> None:
        self._pool = pool
        self._store = RelayStore(pool)
        self._nc = nc
        self._settings = settings
        self._metrics = metrics
        self._checked = 0.0
        self._acknowledged = 0
        self.current = ""
        """Empty until the first check."""
        self.first_seq = 0
        """Of the stream, as of the last check: a lower sequence has aged out."""
        self.replicated = False
        """Whether commits wait for a standby."""

    def acknowledged(self, first: int, last: int, floor: int) -> None:
        """Messages `first` to `last` were stored, by a request sent when `floor` was the highest
        sequence known. Raises HistoryDoubt where the stream has gone back meanwhile."""
        if first <= floor:
            raise HistoryDoubt(f"sequence {first} was given out again, after {floor}")
        self._acknowledged = max(self._acknowledged, last)

    @property
    def floor(self) -> int:
        """The highest sequence acknowledged to us."""
        return self._acknowledged

    async def aged_out(self, seq: int) -> bool:
        """Whether the stream no longer reaches back to `seq`; 0 never was in it. Raises ApiError,
        nats.errors."""
        info = await live_info(self._nc)
        if info is not None:
            self.first_seq = info.first_seq
        return seq == 0 or (info is not None and info.first_seq > seq)

    def doubt(self) -> None:
        """Check before anything else is published."""
        self._checked = 0.0

    async def check(self) -> None:
        """Once a second: is the stream the one that we published to? Raises ApiError, nats.errors
        and asyncpg errors where that cannot be said."""
        if self.current and time.monotonic() - self._checked < CHECK_SECONDS:
            return
        state = await self._store.state()
        info = await live_info(self._nc)
        self.replicated = state.replicated
        floor = max(state.last_seq, self._acknowledged)
        faulty = _fault(info, state.epoch, floor) is not None
        if info is None or faulty or state.epoch != self.current:
            await self.settle(None)
            return
        self._checked = time.monotonic()
        self.first_seq = info.first_seq
        if self._acknowledged > state.last_seq:
            await self._store.acknowledged(state.epoch, self._acknowledged)

    async def settle(self, doubt: HistoryDoubt | None) -> None:
        """Under the lock: take over the epoch that another relay began, else begin a new one where
        the stream gives reason to, or `doubt` does."""
        async with self._pool.acquire() as connection, connection.transaction():
            epoch, last_seq = await lock_state(connection)
            info = await live_info(self._nc)
            ours = epoch == self.current
            floor = max(last_seq, self._acknowledged if ours else 0)
            reason = _fault(info, epoch, floor) or (str(doubt) if doubt and ours else None)
            if reason:
                log.log(logging.WARNING if epoch else logging.INFO, "new epoch: %s", reason)
                epoch = new_epoch()
                await mark_live(self._nc, self._settings, epoch)
                info = await live_info(self._nc)
                last_seq = info.last_seq if info else 0
                await renew_epoch(connection, epoch, self._settings.live_seconds * 1000, last_seq)
            elif not self.current:
                await mark_live(self._nc, self._settings, epoch)  # limits of this release
        # Only now that it is committed; a lost commit leaves the stream marked, and begins another.
        if reason:
            self._metrics.epochs.inc()
            log.info("began epoch %s", epoch)
        if epoch != self.current:
            self._acknowledged = last_seq
        self.current = epoch
        self.first_seq = info.first_seq if info else 0
        self._checked = time.monotonic()


def _fault(info: StreamInfo | None, epoch: str, floor: int) -> str | None:
    if not epoch:
        return "the first"
    if info is None:
        return "the stream is missing"
    if info.epoch != epoch:
        return f"the stream is of epoch {info.epoch}, not {epoch}"
    if info.last_seq < floor:
        return f"the stream ends at {info.last_seq}, before {floor}"
    return None
