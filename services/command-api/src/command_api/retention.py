"""Retention: forgets old answers and ended records, and makes partitions of the log ahead of time.

The log itself stays: it is the audit trail. Drop its month partitions by hand, or by policy.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from command_api.outages import heed_cancel
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.clock import DatabaseClock
    from command_api.store.pool import Pool

log = logging.getLogger("holdfast.retention")

INTERVAL = 300.0
"""Seconds between rounds."""
ANSWERS_MS = 24 * 3_600_000
RECORDS_MS = 30 * 24 * 3_600_000
SLICE = 5_000
"""Rows in one delete, so that no transaction grows long."""
PARTITION_DAYS = 460
"""How far ahead months of the log are made: beyond the default booking horizon."""


class Retention:
    """`run` goes on until it is cancelled, on the leader. `pool` is of the relay's role."""

    def __init__(self, pool: Pool, clock: DatabaseClock) -> None:
        self._pool = pool
        self._clock = clock

    async def run(self) -> None:
        while True:
            heed_cancel()
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - the database is away: the next round does it
                log.warning("retention failed: %r", error)
            await asyncio.sleep(INTERVAL)

    async def round(self) -> None:
        """One round, until nothing old is left."""
        now = self._clock.now_ms()
        today = datetime.fromtimestamp(now / 1000, UTC).date()
        await self._pool.execute(
            "select holdfast.ensure_partitions($1, $2)",
            today - timedelta(days=31),
            today + timedelta(days=PARTITION_DAYS),
        )
        await self._forget("forget_commands", now - ANSWERS_MS)
        await self._forget("forget_records", now - RECORDS_MS)

    async def _forget(self, name: str, before_ms: int) -> None:
        while True:
            status = await self._pool.execute(query(name), before_ms, SLICE)
            if int(status.rpartition(" ")[2]) < SLICE:
                return
