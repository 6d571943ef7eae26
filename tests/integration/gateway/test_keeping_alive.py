"""Streams that last: the quiet outlive the replay window, and the old are closed one by one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import CHANNEL, LivePublisher
from tests.support.sse_client import Client, EventSource
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.subjects import LIVE_STREAM
from holdfast.runtime.nats import jetstream_api

SECOND = 1_000_000_000
BUSY = ChannelKey(*CHANNEL[:2], "2026-02-16", CHANNEL.slot)


async def keep_only(publisher: LivePublisher, seconds: float) -> None:
    """Let the stream drop what is older."""
    info = await jetstream_api(publisher.nc, f"STREAM.INFO.{LIVE_STREAM}")
    config = {
        **info["config"],
        "max_age": round(seconds * SECOND),
        "duplicate_window": round(seconds * SECOND),
    }
    await jetstream_api(publisher.nc, f"STREAM.UPDATE.{LIVE_STREAM}", config)


async def first_seq(publisher: LivePublisher) -> int:
    """What the stream still has begins here."""
    info = await jetstream_api(publisher.nc, f"STREAM.INFO.{LIVE_STREAM}")
    seq: int = info["state"]["first_seq"]
    return seq


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
async def test_a_client_quiet_for_longer_than_the_window_resumes(
    start: Start, publisher: LivePublisher, compressed: bool
) -> None:
    headers = {"Accept-Encoding": "gzip"} if compressed else {}
    gateway = await start(checkpoint_seconds=0.1)
    await publisher.publish()
    async with Client(stream_url(gateway), headers) as quiet:
        (snapshot,) = await quiet.count(1)
        await keep_only(publisher, 0.5)
        # Elsewhere things go on, until nothing is left of the time when the quiet one joined.
        joined = int((snapshot.id or "").rpartition("-")[2])
        async with asyncio.timeout(20):
            while await first_seq(publisher) <= joined + 5:
                await publisher.publish(BUSY)
                await asyncio.sleep(0.02)
        seq = publisher.truth(BUSY).seq
        await quiet.until(lambda: quiet.last_event_id == f"{publisher.epoch}-{seq}")
        assert {event.event for event in quiet.events[1:]} == {"checkpoint"}
        last = quiet.last_event_id
    # What comes now stays for as long as the machine needs. Of this subject nothing is left.
    await keep_only(publisher, 600)
    publisher.truth().seq = 0
    await publisher.publish()

    # Another gateway knows nothing but the stream.
    other = await start()
    async with Client(stream_url(other), {**headers, "Last-Event-ID": last}) as again:
        (event,) = await again.count(1)
        assert (event.event, event.data["version"]) == ("availability.updated", 2)
    # What it would have been told without checkpoints.
    async with Client(
        stream_url(other), {**headers, "Last-Event-ID": snapshot.id or ""}
    ) as without:
        (reset,) = await without.count(1)
        assert (reset.event, reset.data) == ("reset", {"reason": "too_old"})


async def test_the_old_are_closed_one_by_one_and_lose_nothing(
    start: Start, publisher: LivePublisher
) -> None:
    gateway = await start(max_age_seconds=1.0, checkpoint_seconds=0.2)
    closes = gateway.metrics.closes.labels("max_age")._value
    left: dict[int, float] = {}
    loop = asyncio.get_running_loop()

    def note() -> None:
        left.setdefault(int(closes.get()), loop.time())

    async with AsyncExitStack() as stack:
        sources = [
            await stack.enter_async_context(EventSource(lambda: stream_url(gateway)))
            for _ in range(40)
        ]

        async def all_twice() -> bool:
            note()
            await publisher.publish()
            return all(source.connections >= 3 for source in sources)

        await until(all_twice)
        last = publisher.truth().version
        for source in sources:
            await source.until(lambda view: view.versions.get(CHANNEL.name) == last)
        # Holes and doubles were looked for on the way; nobody had to begin again.
        assert [(source.view.snapshots, source.view.resets) for source in sources] == [(1, [])] * 40
    # Forty that came together did not go together.
    assert len([number for number in left if 0 < number <= 40]) >= 3
