"""The leader's snapshots: the bucket's entry of each moving channel, at most once a second.

    relay ─ published ─▶ view (load once, then follow) ─▶ due? ─▶ encode, compress ─▶ bucket

An entry is cut at a published version and carries its sequence, so a gateway can join it with the
stream while Postgres and this service are down. Entries go upwards only, by compare-and-set.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from command_api.domain.views.snapshot import NoSuchSlot
from command_api.entries import Cut, Entries
from command_api.outages import OUTAGES, heed_cancel
from command_api.relay_metrics import RelayMetrics
from command_api.store.heads import channel_of_head
from command_api.store.moment import VenueCache, load_moment
from command_api.store.sql import query
from command_api.views import View, ViewLost

if TYPE_CHECKING:
    from command_api.relay import Published
    from command_api.store.pool import Pool
    from command_api.store.relay import LogRow
    from holdfast.contracts.channels import ChannelKey
    from holdfast.runtime.nats import Client

log = logging.getLogger("holdfast.snapshots")

INTERVAL = 1.0
"""Seconds between two entries of one channel, at least."""
SHARE = 0.04
"""Of the time that entries of one channel may take: a huge one, moving fast, is written less often.
Gateways fetch what came since from the stream."""
WORKERS = 4
MAX_CHANNELS = 20_000
MAX_CLAIMS = 200_000
"""In all views together; about 150 MB."""
MAX_BACKLOG = 20_000
"""Rows kept while a channel is loaded; with more it is loaded again."""
RECENT_MS = 600_000


class _Track(msgspec.Struct):
    """What is known of one channel. `version` with `seq` is published last; `revision` is the
    bucket's (None: not known)."""

    key: ChannelKey
    epoch: str
    version: int
    seq: int
    view: View | None = None
    backlog: list[LogRow] | None = None
    """While it is loaded: what was published meanwhile."""
    revision: int | None = None
    written: int = 0
    """The version of the entry, or less: a round that is repeated tells the same news again."""
    due_at: float = 0.0
    queued: bool = False
    """In the queue, or being served: one worker at a time."""
    moved: bool = False
    """Has news since the worker took it."""


class Snapshots:
    """A follower of the relay, and a duty of the leader (`run`). `pool` is one of role
    holdfast_relay. `now_ms`: milliseconds since the Unix epoch."""

    def __init__(
        self,
        pool: Pool,
        nc: Client,
        *,
        metrics: RelayMetrics | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        max_claims: int = MAX_CLAIMS,
    ) -> None:
        self._pool = pool
        self._entries = Entries(pool, nc)
        self._metrics = metrics or RelayMetrics()
        self._now_ms = now_ms
        self._max_claims = max_claims
        self._venues = VenueCache()
        self._tracks: OrderedDict[ChannelKey, _Track] = OrderedDict()
        self._claims = 0
        self._due: list[tuple[float, int, _Track]] = []
        self._pushed = 0
        self._some = asyncio.Event()
        self._running = False

    def published(self, news: Published) -> None:
        """The relay published versions of a channel."""
        if not self._running:
            return
        track = self._tracks.get(news.key)
        if track is None or track.epoch != news.epoch:
            if track is not None:
                self._drop_view(track)
            track = _Track(news.key, news.epoch, news.version, news.seq)
            self._tracks[news.key] = track
        self._tracks.move_to_end(news.key)
        track.version, track.seq = news.version, news.seq
        if track.view is not None:
            self._follow(track, news.rows)
        elif track.backlog is not None:
            track.backlog.extend(news.rows)
        self._queue(track)

    def venue_changed(self, club: str, venue: str) -> None:
        """Views of this venue are of an old definition."""
        for track in self._tracks.values():
            if track.key.club == club and track.key.venue == venue:
                self._drop_view(track)

    async def run(self) -> None:
        """Write entries until cancelled."""
        self._tracks.clear()
        self._due.clear()
        self._claims = 0
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._catch_up())
                for _ in range(WORKERS):
                    tasks.create_task(self._work())
        finally:
            self._running = False

    async def _catch_up(self) -> None:
        """What the leader before us may have left undone."""
        while True:
            heed_cancel()
            try:
                rows = await self._pool.fetch(query("snapshot_recent"), RECENT_MS)
            except OUTAGES as error:
                log.warning("snapshots: %r", error)
                await asyncio.sleep(INTERVAL)
                continue
            for club, head, epoch, version, seq in rows:
                key = channel_of_head(club, head)
                if key not in self._tracks:
                    self._tracks[key] = _Track(key, epoch, version, seq)
                    self._queue(self._tracks[key])
            return

    def _queue(self, track: _Track) -> None:
        track.moved = True
        if not track.queued:
            track.queued = True
            due = max(time.monotonic(), track.due_at)
            self._pushed += 1
            heapq.heappush(self._due, (due, self._pushed, track))
            self._some.set()

    async def _work(self) -> None:
        while True:
            heed_cancel()
            track = await self._next()
            track.moved = False
            try:
                await self._serve(track)
            except OUTAGES as error:
                log.warning("snapshot of %s: %r", track.key.name, error)
                track.revision = None
                track.due_at = time.monotonic() + INTERVAL
                track.moved = True
            except NoSuchSlot:
                self._drop_view(track)  # left the definition, and is not asked for any more
            track.queued = False
            if track.moved and self._tracks.get(track.key) is track:
                self._queue(track)

    async def _next(self) -> _Track:
        """The next channel that is due."""
        while True:
            self._some.clear()
            pause = self._due[0][0] - time.monotonic() if self._due else INTERVAL
            if self._due and pause <= 0:
                track = heapq.heappop(self._due)[2]
                if self._tracks.get(track.key) is track:  # else: of an epoch that is over
                    return track
                continue
            try:
                async with asyncio.timeout(pause):
                    await self._some.wait()
            except TimeoutError:
                continue

    async def _serve(self, track: _Track) -> None:
        if track.version <= track.written:
            return
        if track.view is None or track.view.version < track.version:
            await self._load(track)
        view = track.view
        if view is None or view.version != track.version:
            return  # ahead of what is published: the news that the relay gets there comes
        began = time.monotonic()
        track.due_at = began + INTERVAL
        cut = Cut(view.venue, view.copy(), track.epoch, track.seq, self._now_ms())
        track.revision = await self._entries.write(cut, track.revision)
        track.written = cut.state.version
        track.due_at = began + max(INTERVAL, (time.monotonic() - began) / SHARE)
        if track.revision is not None:
            self._metrics.snapshots.inc()

    async def _load(self, track: _Track) -> None:
        self._drop_view(track)
        track.backlog = []
        try:
            async with self._pool.acquire() as connection:
                moment = await load_moment(connection, track.key, self._venues)
            backlog = track.backlog
        finally:
            track.backlog = None
        if moment is None or self._tracks.get(track.key) is not track:
            return
        if len(backlog) > MAX_BACKLOG:
            track.moved = True
            return
        track.view = View(moment.venue, moment.state)
        self._claims += track.view.weight
        self._follow(track, backlog)
        self._shrink(track)

    def _follow(self, track: _Track, rows: Sequence[LogRow]) -> None:
        if track.view is None:
            return
        before = track.view.weight
        try:
            track.view.follow(rows)
        except ViewLost as lost:
            log.debug("%s", lost)
            self._claims -= before
            track.view = None
        else:
            self._claims += track.view.weight - before

    def _drop_view(self, track: _Track) -> None:
        if track.view is not None:
            self._claims -= track.view.weight
            track.view = None

    def _shrink(self, keep: _Track) -> None:
        """Forget the views of channels that moved longest ago, then the channels themselves, unless
        they wait for their turn."""
        excess = len(self._tracks) - MAX_CHANNELS
        if self._claims <= self._max_claims and excess <= 0:
            return
        now = time.monotonic()
        for key, track in list(self._tracks.items()):
            if self._claims <= self._max_claims and excess <= 0:
                return
            if track is keep or track.backlog is not None:
                continue
            self._drop_view(track)
            if excess > 0 and not track.queued and track.due_at < now:
                del self._tracks[key]
                excess -= 1
