"""Group commit: while one append is in flight, commands of all channels queue up; the next takes them.

    submit ─▶ queue ─▶ flight (decide, one append) ─▶ settled
                 ▲          │ lost a race
                 │          ▼
                 └── contention: lock the heads, take what has queued for them, catch up, append

After one lost compare-and-set the writer takes the heads' row locks, because pure retry starves the
slower replica. For a moment afterwards commands for those heads go to the lock at once.

An append whose outcome is not known (cut, time-out) drops every state it touched, and its commands
are looked up by their ids before they are decided again: once, never twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING

import asyncpg

from command_api.cache import MAX_ANSWERS, Recent, StateCache
from command_api.clock import DatabaseClock
from command_api.contention import Contention, Heads
from command_api.domain.decision import Rejection
from command_api.flight import Flight, Landing, key_reused
from command_api.job import Job, KeyPlace, Reply, Submission, Unavailable
from command_api.loading import load_missing, open_to_jobs
from command_api.own_connection import RECONNECT, UNKNOWN_OUTCOME, OwnConnection
from command_api.store.append import append
from command_api.store.sql import query
from holdfast.contracts.problems import Code

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_api.store.pool import Connection, Pool
    from holdfast.contracts.channels import ChannelKey

log = logging.getLogger("holdfast.writer")

MAX_QUEUE = 10_000
MAX_FLIGHT = 64
"""Commands. While a flight is with the database the next requests are read and answered; a flight that
took everybody would leave this process idle meanwhile (measured: 256 made a tenth less than 64)."""
DEADLINE = 10.0
"""Seconds after which a command that could not be carried out is given back as Unavailable."""


class Writer:
    """Carries commands out, each once. `on_commit` is called with the channels that changed."""

    def __init__(
        self,
        url: str,
        pool: Pool,
        clock: DatabaseClock,
        on_commit: Callable[[list[ChannelKey]], None] = lambda _: None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._on_commit = on_commit
        self._cache = StateCache()
        self._queue: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._keys: set[KeyPlace] = set()
        self._answers: Recent[KeyPlace, tuple[bytes, Reply]] = Recent(MAX_ANSWERS)
        self._heads = Heads()
        self._contentions: set[asyncio.Task[None]] = set()
        self._connection = OwnConnection(url, self._connection_changed)
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.flights = 0
        self.races = 0
        self.settled = 0

    @property
    def waiting(self) -> int:
        """Commands that wait for a flight."""
        return len(self._queue)

    @property
    def connected(self) -> bool:
        """Whether the database answers, as far as the last flight knows."""
        return self._connection.is_open

    async def start(self) -> None:
        """Connect; raises where the database cannot be reached."""
        await self._connection.get()
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Carry out what is queued, then stop; later submissions are Unavailable."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._connection.close()

    async def submit(self, submission: Submission) -> Reply | Rejection:
        """Carry out one command; the answer is committed, or confirmed against the database.

        Raises Unavailable where it was certainly not carried out, or where that is not known after
        DEADLINE: the caller may send the same command with the same idempotency key again.
        """
        if self._stopping or len(self._queue) >= MAX_QUEUE:
            raise Unavailable(retry_after=1)
        place = submission.place
        if place is None:
            return await self._enqueue(submission)
        known = self._answers.get(place)
        if known is not None:
            return known[1] if known[0] == submission.hash else key_reused()
        if place in self._keys:
            return Rejection(
                code=Code.IDEMPOTENCY_IN_PROGRESS,
                detail="A request with this Idempotency-Key is being carried out. Ask again shortly.",
            )
        self._keys.add(place)
        try:
            outcome = await self._enqueue(submission)
        finally:
            self._keys.discard(place)
        if isinstance(outcome, Reply) and not outcome.is_personal:
            self._answers.put(place, (submission.hash, Reply(outcome.body, outcome.created, True)))
        return outcome

    async def _enqueue(self, submission: Submission) -> Reply | Rejection:
        loop = asyncio.get_running_loop()
        job = Job(submission, loop.create_future(), loop.time() + DEADLINE)
        self._queue.append(job)
        self._wake.set()
        outcome = await job.future
        self.settled += 1
        return outcome

    async def _run(self) -> None:
        while not (self._stopping and not self._queue and not self._contentions):
            await self._rest()
            while jobs := self._take():
                try:
                    await self._fly(jobs)
                except Exception as error:
                    # The loop is everybody's: it must outlive any one flight.
                    log.exception("a flight failed")
                    self._cache.clear()
                    for job in jobs:
                        job.fail(error)

    def _connection_changed(self) -> None:
        """Forget everything: after a failover it may be of another history."""
        self._cache.clear()
        self._wake.set()

    async def _rest(self) -> None:
        """Wait for jobs; meanwhile find a lost database again, for nobody may send any to a replica
        that is not ready."""
        try:
            async with asyncio.timeout(None if self.connected else RECONNECT):
                await self._wake.wait()
        except TimeoutError:
            with contextlib.suppress(*UNKNOWN_OUTCOME):
                await self._connection.get()
        self._wake.clear()

    def _take(self) -> list[Job]:
        """The next jobs for a flight; those whose heads are contended wait at their lock."""
        loop_time = asyncio.get_running_loop().time()
        jobs: list[Job] = []
        while self._queue and len(jobs) < MAX_FLIGHT:
            job = self._queue.popleft()
            if loop_time > job.deadline:
                job.fail(Unavailable(retry_after=2))
            elif not self._heads.park(job):
                if self._heads.is_hot(job, loop_time):
                    self._contend([job])
                else:
                    jobs.append(job)
        return jobs

    async def _fly(self, jobs: list[Job]) -> None:
        try:
            connection = await self._connection.get()
            jobs = await load_missing(connection, self._cache, jobs, self._heads.is_busy)
        except UNKNOWN_OUTCOME as error:
            await self._connection.drop(error)
            self._again(jobs)
            return
        # Foreseen channels may turn out to be busy: those jobs wait for them.
        jobs = [job for job in jobs if not self._heads.park(job)]
        flight = Flight(self._cache, self._clock.now, self._heads.is_busy)
        flight.decide(jobs)
        self._again(flight.again)
        if flight.planned:
            await self._append(connection, flight)

    async def _append(self, connection: Connection, flight: Flight) -> None:
        sent = self._clock.steady_ms()
        try:
            result = await append(connection, flight.batch)
        except UNKNOWN_OUTCOME as error:
            self._cache.drop(*flight.touched)
            await self._connection.drop(error)
            await self._look_up([planned.job for planned in flight.planned])
        except asyncpg.TransactionRollbackError:
            flight.abandon()
            self._again([planned.job for planned in flight.planned])
        except asyncpg.PostgresError as error:
            flight.abandon()
            await self._isolate([planned.job for planned in flight.planned], error)
        else:
            self.flights += 1
            self._clock.learn(sent, self._clock.steady_ms(), result.now_ms)
            self.landed(flight.land(result))

    def landed(self, landing: Landing) -> None:
        """Tell of what was written; send the rest round again."""
        if landing.changed:
            self._on_commit(landing.changed)
        self._again(landing.again)
        if landing.contended:
            self.races += 1
            self._contend(landing.contended)

    def _again(self, jobs: list[Job]) -> None:
        self._queue.extendleft(reversed(jobs))
        if jobs:
            self._wake.set()

    def _contend(self, jobs: list[Job]) -> None:
        """Carry these out under the locks of their heads, one task for jobs that share a head."""
        for group in self._heads.claim(jobs):
            task = asyncio.create_task(self._run_contention(group), name="writer contention")
            self._contentions.add(task)

    async def _run_contention(self, contention: Contention) -> None:
        try:
            landing = await contention.run(self._pool, self._cache, self._clock)
        except UNKNOWN_OUTCOME as error:
            self._cache.drop(*contention.touched)
            log.warning("an append under locks has an unknown outcome: %r", error)
            await self._look_up(contention.jobs)
        except asyncpg.TransactionRollbackError:
            self._cache.drop(*contention.touched)
            self._again(contention.jobs)
        except Exception as error:
            log.exception("an append under locks failed")
            self._cache.drop(*contention.touched)
            for job in contention.jobs:
                job.fail(error)
        else:
            self._heads.warm(contention, asyncio.get_running_loop().time())
            # Lost under its own lock: the venue changed, or a head was new. Not a hot race.
            self._again(landing.contended)
            landing.contended = []
            self.landed(landing)
        finally:
            self._again(self._heads.release(contention))
            task = asyncio.current_task()
            assert task is not None
            self._contentions.discard(task)
            self._wake.set()

    async def _isolate(self, jobs: list[Job], error: asyncpg.PostgresError) -> None:
        """A row broke a constraint: no command may take others down with it."""
        if len(jobs) == 1:
            log.error("a command broke a constraint: %s", error)
            jobs[0].fail(error)
            return
        log.warning("a batch of %d broke a constraint, one by one now: %s", len(jobs), error)
        for job in jobs:
            await self._fly([job])

    async def _look_up(self, jobs: list[Job]) -> None:
        """Settle the commands that were committed after all; the others go round again."""
        while jobs and not self._expire(jobs):
            try:
                async with self._pool.acquire() as connection:
                    await open_to_jobs(connection, jobs)
                    clubs = [job.submission.club for job in jobs]
                    rows = await connection.fetch(
                        query("find_commands"), clubs, [job.submission.command_id for job in jobs]
                    )
            except UNKNOWN_OUTCOME:
                await asyncio.sleep(RECONNECT)
                continue
            found = {row["command_id"]: row for row in rows}
            for job in jobs:
                if (row := found.get(job.submission.command_id)) is not None:
                    job.settle(Reply(row["reply"], row["created"], replayed=False))
            self._again([job for job in jobs if not job.future.done()])
            return

    def _expire(self, jobs: list[Job]) -> bool:
        """Give back those that ran out of time; True where none is left."""
        now = asyncio.get_running_loop().time()
        for job in jobs:
            if now > job.deadline:
                job.fail(Unavailable(retry_after=2))
        jobs[:] = [job for job in jobs if not job.future.done()]
        return not jobs
