"""The leader: one replica at a time runs relay, snapshots, sweeper and the like.

    standing by ──(lock taken)──▶ leading: duties run ──(connection lost)──▶ duties stopped ─┐
         ▲                                                                                   │
         └───────────────────────────────────────────────────────────────────────────────────┘

The lease is a session-level advisory lock on a connection of its own: a pool's reset would give it
back (asyncpg runs `pg_advisory_unlock_all`). It is an optimisation. For a moment two replicas may
lead, when one has not noticed yet that its connection is gone; every duty must be safe then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

import asyncpg

from command_api.outages import POSTGRES_OUTAGES, heed_cancel
from command_api.relay_metrics import RelayMetrics
from command_api.store.pool import server_settings

log = logging.getLogger("holdfast.leader")

Duty = Callable[[], Awaitable[None]]
"""Runs until cancelled; may be started again after it has failed."""

LEASE = 0x686F6C6466617374
"""The advisory lock's key: "holdfast"."""

MAX_BACKOFF = 5.0


class Leader:
    """`duties` by name, run while leading. `interval`: seconds between tries and between pings,
    `timeout`: seconds after which a silent connection counts as lost."""

    def __init__(
        self,
        url: str,
        duties: Mapping[str, Duty],
        *,
        application: str = "holdfast-leader",
        metrics: RelayMetrics | None = None,
        interval: float = 1.0,
        timeout: float = 2.0,
    ) -> None:
        self._url = url
        self._duties = duties
        self._application = application
        self._metrics = metrics or RelayMetrics()
        self._interval = interval
        self._timeout = timeout
        self._task: asyncio.Task[None] | None = None
        self._leading = False

    @property
    def leading(self) -> bool:
        """Whether this replica holds the lease, as far as it knows."""
        return self._leading

    async def start(self) -> None:
        """Begin to try for the lease; returns at once."""
        self._task = asyncio.create_task(self._run(), name="leader")

    async def stop(self) -> None:
        """Stop the duties, give the lease back."""
        if self._task is not None:
            await _stop([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            heed_cancel()
            try:
                await self._try_to_lead()
            except POSTGRES_OUTAGES as error:
                log.warning("no lease: %r", error)
            await asyncio.sleep(self._interval)

    async def _try_to_lead(self) -> None:
        """Returns when the lease is lost; raises what the connection raises."""
        connection = await asyncpg.connect(
            self._url,
            timeout=self._timeout,
            command_timeout=self._timeout,
            server_settings={
                **server_settings("holdfast_relay", self._application),
                # A dead leader's lock is released once the server notices.
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
            },
        )
        try:
            while True:
                if await connection.fetchval("select pg_try_advisory_lock($1)", LEASE):
                    await self._lead(connection)
                await asyncio.sleep(self._interval)
        finally:
            # Not close(), which waits for the server. The lock ends with the session.
            connection.terminate()

    async def _lead(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        log.info("leading")
        tasks = [
            asyncio.create_task(self._perform(name, duty), name=f"duty:{name}")
            for name, duty in self._duties.items()
        ]
        self._leading = True
        self._metrics.leading.set(1)
        try:
            while True:
                await asyncio.sleep(self._interval)
                await connection.execute("select 1")
        finally:
            self._leading = False
            self._metrics.leading.set(0)
            await _stop(tasks)
            log.info("no longer leading")

    async def _perform(self, name: str, duty: Duty) -> None:
        """Run one duty; after a failure again, a little later each time."""
        backoff = 0.1
        while True:
            heed_cancel()
            began = asyncio.get_running_loop().time()
            try:
                await duty()
                log.error("duty %s ended by itself", name)
            except Exception:  # the other duties go on, and the log says why
                log.exception("duty %s failed", name)
            if asyncio.get_running_loop().time() - began > 60:
                backoff = 0.1
            await asyncio.sleep(backoff)
            backoff = min(MAX_BACKOFF, backoff * 2)


async def _stop(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: a task may lose one cancellation."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)
