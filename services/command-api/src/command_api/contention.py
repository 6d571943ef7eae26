"""When replicas fight for a channel: take its row lock, then everything that waits for it at once.

Pure retry lets the replica that is quicker by a hair win every race. The row lock is a queue; and
because the jobs to carry out are taken only once the lock is held, each turn moves all of them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from command_api.cache import StateCache
from command_api.flight import Flight, Landing
from command_api.job import Job
from command_api.loading import nights_of, open_to_jobs
from command_api.store.append import append
from command_api.store.heads import channel_head, venue_head
from command_api.store.load import catch_up, load_channel, load_nights, load_venue
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.clock import DatabaseClock
    from command_api.store.pool import Connection, Pool
    from holdfast.contracts.channels import ChannelKey

HOT_SECONDS = 0.25
"""After a turn that found the channel moved on, the next turn goes straight to the lock."""
MAX_TURN = 256
"""Commands in one turn under the lock."""


class Contention:
    """One turn at one channel's lock. Its states are its own: a flight may run beside it."""

    def __init__(self, key: ChannelKey) -> None:
        self.key = key
        self.jobs: list[Job] = []
        self.parked: deque[Job] = deque()
        self.was_behind = False
        self.touched: tuple[list[ChannelKey], list[tuple[str, str]]] = ([key], [])

    async def run(self, pool: Pool, cache: StateCache, clock: DatabaseClock) -> Landing:
        """Lock, catch up, decide, append, commit; what could not be written is in the landing."""
        async with pool.acquire() as connection, connection.transaction():
            await open_to_jobs(connection, self.jobs)
            # The lock order of all writers: the venue's head first, shared, then what is written.
            await connection.fetch(query("share_head"), self.key.club, venue_head(self.key.venue))
            await connection.fetch(query("lock_heads"), [self.key.club], [channel_head(self.key)])
            while self.parked and len(self.jobs) < MAX_TURN:
                self.jobs.append(self.parked.popleft())
            own = await self._load(connection, cache)
            flight = Flight(own, clock.now)
            flight.decide(self.jobs)
            self.touched = flight.touched
            sent = clock.steady_ms()
            result = await append(connection, flight.batch)
            clock.learn(sent, clock.steady_ms(), result.now_ms)
        landing = flight.land(result)
        cache.drop([], flight.touched[1])
        return landing

    async def _load(self, connection: Connection, cache: StateCache) -> StateCache:
        own = StateCache()
        place = (self.key.club, self.key.venue)
        venue = cache.venues.get(place)
        stamp = await connection.fetchrow(query("venue_stamp"), *place)
        if venue is None or stamp is None or (venue.revision, venue.stamp) != tuple(stamp):
            venue = await load_venue(connection, *place)
            assert venue is not None, "venues are never removed"
            cache.venues.put(place, venue)
        own.venues.put(place, venue)
        state = cache.channels.get(self.key)
        before = state.version if state is not None else -1
        if state is None or not await catch_up(connection, state):
            state = await load_channel(connection, self.key)
            cache.channels.put(self.key, state)
        self.was_behind = state.version != before
        own.channels.put(self.key, state)
        nights = nights_of(own, self.jobs)
        if nights:
            await connection.fetch(
                query("lock_heads"), [club for club, _ in nights], [head for _, head in nights]
            )
            for night_place, night in (await load_nights(connection, nights.values())).items():
                own.nights.put(night_place, night)
        return own


class Heads:
    """Which channels are contended right now, and which were a moment ago."""

    def __init__(self) -> None:
        self._busy: dict[ChannelKey, Contention] = {}
        self._hot: dict[ChannelKey, float] = {}

    def park(self, job: Job) -> bool:
        """Let the job wait for the lock that is being taken for its channel, if one is."""
        contention = self._busy.get(job.submission.command.channel)
        if contention is not None:
            contention.parked.append(job)
        return contention is not None

    def is_hot(self, job: Job, now: float) -> bool:
        """Whether the last turn at the channel's lock found that another replica had moved it."""
        until = self._hot.get(job.submission.command.channel)
        if until is not None and until < now:
            del self._hot[job.submission.command.channel]
        return until is not None and until >= now

    def claim(self, jobs: list[Job]) -> list[Contention]:
        """Turns to start for these jobs: one for each channel that has none."""
        started: dict[ChannelKey, Contention] = {}
        for job in jobs:
            key = job.submission.command.channel
            if key in started:
                started[key].jobs.append(job)
            elif not self.park(job):
                contention = self._busy[key] = started[key] = Contention(key)
                contention.jobs.append(job)
        return list(started.values())

    def warm(self, contention: Contention, now: float) -> None:
        """Remember a turn that was worth its lock."""
        if contention.was_behind:
            self._hot[contention.key] = now + HOT_SECONDS

    def release(self, contention: Contention) -> list[Job]:
        """End a turn; answers the jobs that came too late for it."""
        del self._busy[contention.key]
        left = list(contention.parked)
        contention.parked.clear()
        return left
