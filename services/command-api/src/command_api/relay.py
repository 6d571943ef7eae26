"""The relay: from the event log in Postgres to the streams in NATS. Runs on the leader.

    wake (in-process) ─┐
    hint (other replica)├─▶ channels with something to publish ─▶ read ─▶ publish ─▶ note progress
    sweep (twice a second)┘

It keeps nothing that matters: each round starts from `progress` in Postgres, and the stream refuses
what it has already. A crash anywhere repeats a round, and the round is adopted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from command_api.epochs import CHECK_SECONDS, Epochs, HistoryDoubt
from command_api.outages import OUTAGES, heed_cancel
from command_api.outbox import Outbox
from command_api.publish import BATCH_MESSAGES, Publisher
from command_api.relay_metrics import RelayMetrics
from command_api.store.relay import EpochMoved, LogRow, RelayStore, Stretch
from command_api.streams import StreamSettings, ensure_streams
from holdfast.contracts.channels import ChannelKey
from holdfast.runtime.nats import Client

if TYPE_CHECKING:
    from command_api.store.pool import Pool

log = logging.getLogger("holdfast.relay")

ROUND_CHANNELS = 500
ROUND_ROWS = BATCH_MESSAGES
ROUND_BYTES = 4 * 1024 * 1024
SWEEP_SECONDS = 0.5
SWEEP_SHARE = 0.1
"""Of the time, at most: the sweep looks at every head, so with many it comes less often."""
SWEEP_CHANNELS = 20_000
STREAMS_SECONDS = 30.0
"""Between two looks at the other streams and buckets."""
MAX_BACKOFF = 1.0


class Published(NamedTuple):
    """What is known to be in the stream now: `rows` are versioned and in order, and `version` (the
    latest, maybe beyond the rows) has stream sequence `seq`."""

    key: ChannelKey
    epoch: str
    rows: Sequence[LogRow]
    version: int
    seq: int


class Follower(Protocol):
    """Hears what was published, on the loop; must return at once."""

    def published(self, news: Published) -> None: ...


class Relay:
    """`run` is a duty of the leader. `pool` is one of role holdfast_relay, for at least 3
    connections. `timeout`: seconds for an ack."""

    def __init__(
        self,
        pool: Pool,
        nc: Client,
        *,
        settings: StreamSettings | None = None,
        metrics: RelayMetrics | None = None,
        followers: Sequence[Follower] = (),
        timeout: float = 2.0,
    ) -> None:
        self._nc = nc
        self._metrics = metrics or RelayMetrics()
        self._followers = followers
        self._store = RelayStore(pool)
        self._settings = settings or StreamSettings()
        self._epochs = Epochs(pool, nc, settings=self._settings, metrics=self._metrics)
        publisher = Publisher(nc, timeout=timeout)
        self._outbox = Outbox(self._store, publisher, self._epochs, self._metrics)
        self._waiting: dict[ChannelKey, None] = {}
        self._woken = asyncio.Event()
        self._sweep_now = asyncio.Event()
        self._backoff = 0.0
        self._running = False
        self._streams_checked: float | None = None

    @property
    def epoch(self) -> str:
        """The current epoch as this relay knows it; empty before its first check."""
        return self._epochs.current

    @property
    def ready(self) -> bool:
        """Whether it runs, with an epoch and streams in place."""
        return self._running and self._streams_checked is not None

    def wake(self, keys: Iterable[ChannelKey]) -> None:
        """These channels have something to publish; heard only while `run` runs."""
        if self._running:
            self._waiting.update(dict.fromkeys(keys))
            if self._waiting:
                self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        self._waiting.clear()
        self._streams_checked = None
        self._epochs.doubt()  # whatever was seen when this process last led
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._sweep())
                tasks.create_task(self._publish())
        finally:
            self._running = False

    async def _sweep(self) -> None:
        while True:
            heed_cancel()
            began = time.monotonic()
            self._sweep_now.clear()
            try:
                found = await self._store.behind(SWEEP_CHANNELS)
            except OUTAGES as error:
                log.warning("sweep: %r", error)
            else:
                oldest = min((changed for _, changed in found), default=None)
                self._metrics.behind.set(len(found))
                self._metrics.lag.set(max(0.0, time.time() - oldest / 1000) if oldest else 0.0)
                if found:
                    self.wake(key for key, _ in found)
            took = time.monotonic() - began
            pause = max(SWEEP_SECONDS, took / SWEEP_SHARE - took)
            try:
                async with asyncio.timeout(pause):
                    await self._sweep_now.wait()
            except TimeoutError:
                pass

    async def _publish(self) -> None:
        while True:
            heed_cancel()
            try:
                await self._step()
                self._backoff = 0.0
                continue
            except HistoryDoubt as doubt:
                await self._settle(doubt)
            except EpochMoved:
                self._epochs.doubt()
            except OUTAGES as error:
                log.warning("relay: %r", error)
                self._metrics.retries.labels("outage").inc()
                self._streams_checked = None  # one may be gone
                self._epochs.doubt()
            self._backoff = min(MAX_BACKOFF, self._backoff * 2 or 0.02)
            await asyncio.sleep(self._backoff)

    async def _settle(self, doubt: HistoryDoubt) -> None:
        try:
            await self._epochs.settle(doubt)
            self._sweep_now.set()
        except OUTAGES as error:
            # The round is repeated, and the doubt comes up again.
            log.warning("relay: in doubt (%s) and unable to settle it: %r", doubt, error)

    async def _step(self) -> None:
        before = self._epochs.current
        await self._epochs.check()
        if self._epochs.current != before:
            self._sweep_now.set()
        checked = self._streams_checked
        if checked is None or time.monotonic() - checked > STREAMS_SECONDS:
            await ensure_streams(self._nc, self._settings)
            self._streams_checked = time.monotonic()
        if not self._waiting:
            self._woken.clear()
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                return
        keys = list(self._waiting)[:ROUND_CHANNELS]
        for key in keys:
            del self._waiting[key]
        try:
            await self._round(keys)
        except BaseException:
            self._waiting.update(dict.fromkeys(keys))
            raise

    async def _round(self, keys: list[ChannelKey]) -> None:
        epoch = self._epochs.current
        limit = ROUND_ROWS // len(keys)
        stretches = await self._store.read(keys, epoch, rows=limit, max_bytes=ROUND_BYTES)
        if not stretches:
            return
        if self._epochs.replicated:
            await self._store.flush()
        failure = await self._outbox.publish(stretches)
        await self._store.save(epoch, stretches)
        self._tell(epoch, stretches)
        if failure is not None:
            raise failure
        oldest = min(stretch.rows[0].at_ms for stretch in stretches)
        self._metrics.delay.observe(max(0.0, time.time() - oldest / 1000))
        if sum(len(row.body) for stretch in stretches for row in stretch.rows) >= ROUND_BYTES:
            self.wake(keys)  # some were not read at all
        else:
            self.wake(stretch.key for stretch in stretches if len(stretch.rows) == limit)

    def _tell(self, epoch: str, stretches: list[Stretch]) -> None:
        for stretch in stretches:
            rows = [
                row
                for row in stretch.rows
                if row.version is not None and row.version <= stretch.version
            ]
            if rows:
                news = Published(stretch.key, epoch, rows, stretch.version, stretch.seq)
                for follower in self._followers:
                    follower.published(news)
