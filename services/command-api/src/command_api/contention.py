"""When replicas fight for a channel: take its row lock, then everything that waits for it at once. A
command over several channels takes the locks of all of them, in the order of their names.

Pure retry lets the replica that is quicker by a hair win every race. The row lock is a queue; and
because the jobs to carry out are taken only once the lock is held, each turn moves all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from command_api.cache import StateCache
from command_api.flight import Flight, Landing
from command_api.job import Job
from command_api.loading import missing_quotas, open_to_jobs
from command_api.store.append import append
from command_api.store.heads import channel_head, quota_head, venue_head
from command_api.store.load import catch_up, load_channel, load_quotas, load_venue
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.clock import DatabaseClock
    from command_api.domain.model import ChannelState, QuotaKey
    from command_api.store.pool import Connection, Pool
    from holdfast.contracts.channels import ChannelKey

HOT_SECONDS = 0.25
"""After a turn that found the channel moved on, the next turn goes straight to the lock."""
MAX_TURN = 256
"""Commands in one turn under the lock."""


class Contention:
    """One turn at the locks of `keys`, channels of one venue. Its states are its own: a flight may run
    beside it."""

    def __init__(self, keys: Iterable[ChannelKey]) -> None:
        self.keys = sorted(set(keys))
        self.jobs: list[Job] = []
        self.parked: deque[Job] = deque()
        self.was_behind = False
        self.touched: tuple[list[ChannelKey], list[QuotaKey]] = (self.keys, [])

    async def run(self, pool: Pool, cache: StateCache, clock: DatabaseClock) -> Landing:
        """Lock, catch up, decide, append, commit; what could not be written is in the landing."""
        club, venue = self.keys[0].club, self.keys[0].venue
        async with pool.acquire() as connection, connection.transaction():
            await open_to_jobs(connection, self.jobs)
            # The lock order of all writers: the venue's head first, shared, then what is written.
            await connection.fetch(query("share_head"), club, venue_head(venue))
            heads = [channel_head(key) for key in self.keys]
            await connection.fetch(query("lock_heads"), [club] * len(heads), heads)
            self._board()
            own = await self._load(connection, cache)
            flight = Flight(own, clock.now)
            flight.decide(self.jobs)
            self.touched = (self.keys, flight.touched[1])
            if not flight.planned:
                return Landing(flight.again, [], [])
            sent = clock.steady_ms()
            result = await append(connection, flight.batch)
            clock.learn(sent, clock.steady_ms(), result.now_ms)
        landing = flight.land(result)
        landing.again += flight.again
        cache.drop([], flight.touched[1])
        return landing

    def _board(self) -> None:
        """Take along what has queued for these channels and reaches no further."""
        locked, left = set(self.keys), []
        while self.parked and len(self.jobs) < MAX_TURN:
            job = self.parked.popleft()
            if job.channels <= locked:
                self.jobs.append(job)
            else:
                left.append(job)
        self.parked.extendleft(reversed(left))

    async def _load(self, connection: Connection, cache: StateCache) -> StateCache:
        own = StateCache()
        place = (self.keys[0].club, self.keys[0].venue)
        venue = cache.venues.get(place)
        stamp = await connection.fetchrow(query("venue_stamp"), *place)
        if venue is None or stamp is None or (venue.revision, venue.stamp) != tuple(stamp):
            venue = await load_venue(connection, *place)
            assert venue is not None, "venues are never removed"
            cache.venues.put(place, venue)
        own.venues.put(place, venue)
        for key in self.keys:
            own.channels.put(key, await self._channel(connection, cache, key))
        quotas = missing_quotas(own, self.jobs)
        if quotas:
            await connection.fetch(
                query("lock_heads"),
                [place[0]] * len(quotas),
                [quota_head(key) for _venue, key in quotas],
            )
            for quota in await load_quotas(connection, quotas):
                own.quotas.put(quota.key, quota)
        return own

    async def _channel(
        self, connection: Connection, cache: StateCache, key: ChannelKey
    ) -> ChannelState:
        state = cache.channels.get(key)
        before = state.version if state is not None else -1
        if state is None or not await catch_up(connection, state):
            state = await load_channel(connection, key)
            cache.channels.put(key, state)
        self.was_behind = self.was_behind or state.version != before
        return state


class Heads:
    """Which channels are contended right now, and which were a moment ago."""

    def __init__(self) -> None:
        self._busy: dict[ChannelKey, Contention] = {}
        self._hot: dict[ChannelKey, float] = {}

    def is_busy(self, key: ChannelKey) -> bool:
        """Whether somebody works on the channel under its lock."""
        return key in self._busy

    def park(self, job: Job) -> bool:
        """Let the job wait for the lock that is being taken for one of its channels, if one is."""
        if not self._busy:
            return False
        for key in job.channels:
            contention = self._busy.get(key)
            if contention is not None:
                contention.parked.append(job)
                return True
        return False

    def is_hot(self, job: Job, now: float) -> bool:
        """Whether the last turn at the lock of one of its channels found that another replica had
        moved it."""
        if not self._hot:
            return False
        for key in job.channels:
            until = self._hot.get(key)
            if until is not None:
                if until >= now:
                    return True
                del self._hot[key]
        return False

    def claim(self, jobs: list[Job]) -> list[Contention]:
        """Turns to start for these jobs; those that share a channel wait for one another's."""
        started: list[Contention] = []
        for job in jobs:
            if not self.park(job):
                contention = Contention(job.channels)
                contention.jobs.append(job)
                started.append(contention)
                for key in contention.keys:
                    self._busy[key] = contention
        return started

    def warm(self, contention: Contention, now: float) -> None:
        """Remember a turn that was worth its lock."""
        if contention.was_behind:
            for key in contention.keys:
                self._hot[key] = now + HOT_SECONDS

    def release(self, contention: Contention) -> list[Job]:
        """End a turn; answers the jobs that came too late for it, or reach further."""
        for key in contention.keys:
            del self._busy[key]
        left = list(contention.parked)
        contention.parked.clear()
        return left
