"""Stage: what all of the gateway's measurements stand on, pinned to the load's core."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.gateway.load import Load, load
from tests.bench.gateway.machine import cores, headline, raise_open_files
from tests.bench.gateway.sides import Surroundings
from tests.support.live_publisher import live_publisher

from holdfast_dev.nats import EmbeddedNats

LONGEST = 600
"""Seconds after which a measurement is given up, whatever it waits for."""


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[Surroundings, Load]]:
    """NATS, a publisher with one venue and one event, and a crowd."""
    print(headline(), flush=True)
    raise_open_files()
    core = cores().load
    if core is not None:
        os.sched_setaffinity(0, {core})
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        async with (
            asyncio.timeout(LONGEST),
            EmbeddedNats(folder / "nats", sync_interval="2m") as nats,
            live_publisher(nats.url) as publisher,
            load() as crowd,
        ):
            await publisher.publish()
            await publisher.keep_snapshot()
            yield Surroundings(publisher, nats.url, folder), crowd
