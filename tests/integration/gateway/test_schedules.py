"""Clients that join, are cut and come back while publishers work, in seeded disorder, against a
gateway that replays from memory and one that has to read the stream."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.integration.gateway.conftest import all_ready, running
from tests.support.live_publisher import LivePublisher, live_publisher
from tests.support.schedules import SLOTS, run_schedule, run_schedules
from tests.support.services import SECRET
from tests.support.services import start as start_process

from holdfast_dev.nats import EmbeddedNats

COLD = 1024
"""Bytes of a ring so small that it keeps the newest event only, so that replays come from the stream."""
QUICK = range(200)
AT_ONCE = 30
ALL = os.environ.get("SEEDS", "0-9999")
"""`SEEDS=4711 make soak ARGS="-k schedules"` runs one again."""


@pytest.fixture
async def schedule_publisher(nats_server: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    """One for many schedules, each on channels of its own."""
    async with live_publisher(nats_server.url) as made:
        await made.add_venue(slots=SLOTS)
        yield made


async def test_no_hole_and_no_double(
    nats_server: EmbeddedNats, schedule_publisher: LivePublisher
) -> None:
    url = nats_server.url
    # Everybody shares one loop here, which is no silence of the stream.
    patient: dict[str, Any] = {"heartbeat_seconds": 2.0}
    async with (
        running(url, ring_bytes=COLD, **patient) as cold,
        running(url, **patient) as hot,
    ):
        broken = await run_schedules(
            QUICK,
            lambda seed: run_schedule(seed, schedule_publisher, (cold.url, hot.url)),
            at_once=AT_ONCE,
        )
        assert not broken, "\n".join(map(str, broken))
        # Nothing was wrong with the stream at any time.
        for gateway in (cold, hot):
            (restarts,) = gateway.metrics.feed_restarts.collect()
            assert [each for each in restarts.samples if each.name.endswith("_total")] == []
        assert cold.metrics.cold_reads._value.get() > len(QUICK) / 4


@pytest.mark.soak
async def test_ten_thousand_schedules(
    nats_server: EmbeddedNats, schedule_publisher: LivePublisher, tmp_path: Path
) -> None:
    """The same with gateways as processes of their own, so that nothing happens in turn."""
    first, _, last = ALL.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    environ = {
        "HOLDFAST_NATS_URL": nats_server.url,
        "HOLDFAST_JWT_SECRET": SECRET,
        "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        "HOLDFAST_STREAM_GATEWAY_PORT": "0",
    }
    started = time.monotonic()

    def tell(finished: int) -> None:
        if finished % 250 == 0 or finished == len(seeds):
            seconds = time.monotonic() - started
            sys.stderr.write(f"{finished} of {len(seeds)} schedules in {seconds:.0f} s\n")

    async with AsyncExitStack() as cleanup:
        services = []
        for number, ring in enumerate(({"HOLDFAST_RING_BYTES": str(COLD)}, {})):
            log = tmp_path / f"{number}.log"
            service = await start_process("stream_gateway", log, {**environ, **ring})
            cleanup.push_async_callback(service.kill)
            services.append(service)
        await all_ready(services)
        places = [service.url for service in services]
        broken = await run_schedules(
            seeds,
            lambda seed: run_schedule(seed, schedule_publisher, places),
            at_once=AT_ONCE,
            progress=tell,
        )
    for service in services:
        assert '"level":"error"' not in service.log.read_text()
    assert not broken, "\n".join(map(str, broken))
