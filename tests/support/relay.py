"""Run a relay, wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import asyncpg
from tests.support.until import until

if TYPE_CHECKING:
    from command_api.relay_metrics import RelayMetrics
    from command_api.store.pool import Pool

_LEFT = """
select count(*) from holdfast.heads h left join holdfast.progress p using (club, head)
where h.kind = 'channel' and h.position > coalesce(p.published_position, 0)
"""


class Duty(Protocol):
    """What a leader runs."""

    async def run(self) -> None: ...


@asynccontextmanager
async def running(duty: Duty) -> AsyncIterator[asyncio.Task[None]]:
    """A leader's duty, cancelled at the end; its failure is the test's."""
    task = asyncio.create_task(duty.run())
    try:
        yield task
    finally:
        done = task.done()
        task.cancel()
        [result] = await asyncio.gather(task, return_exceptions=True)
        if done and isinstance(result, Exception):
            raise result


async def drained(pool: Pool | asyncpg.Connection, timeout: float = 30) -> None:
    """Everything that the log holds is published."""

    async def nothing_left() -> bool:
        return not await pool.fetchval(_LEFT)

    await until(nothing_left, timeout)


def count(metrics: RelayMetrics, reason: str) -> float:
    """Retries for that reason."""
    return float(metrics.retries.labels(reason)._value.get())


def epochs(metrics: RelayMetrics) -> float:
    """Epochs begun."""
    return float(metrics.epochs._value.get())
