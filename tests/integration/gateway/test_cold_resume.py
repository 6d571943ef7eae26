"""Many who come back at once from long ago: the stream is read once for all of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.integration.gateway.conftest import running
from tests.support.faulty_publisher import KEYS, FaultyPublisher, faulty_publisher
from tests.support.feed_crew import BOTH, ONE
from tests.support.sse_client import Client, View

from holdfast.contracts.subjects import LIVE_STREAM
from holdfast.runtime.nats import jetstream_api
from holdfast_dev.nats import EmbeddedNats

CLIENTS = 500
ROUNDS = 100


@pytest.fixture
async def publisher(nats_server: EmbeddedNats) -> AsyncIterator[FaultyPublisher]:
    async with faulty_publisher(nats_server.url) as made:
        yield made


@pytest.mark.parametrize("hot", [False, True], ids=["cold", "hot"])
async def test_many_resume_with_few_reads(
    nats_server: EmbeddedNats, publisher: FaultyPublisher, hot: bool
) -> None:
    for _ in range(ROUNDS):
        await asyncio.gather(*(publisher.publish(key) for key in KEYS))
    chance = random.Random(3)
    wanted = {key.name: ROUNDS for key in KEYS}
    async with running(nats_server.url) as gateway, AsyncExitStack() as stack:
        if hot:
            url = f"{gateway.url}/v1/stream?{BOTH}"
            await (await stack.enter_async_context(Client(url))).count(2)
            before = [f"{publisher.epoch}-{2 * ROUNDS}"]
            for _ in range(ROUNDS):
                await asyncio.gather(*(publisher.publish(key) for key in KEYS))
            wanted = {key.name: 2 * ROUNDS for key in KEYS}
        else:
            before = [f"{publisher.epoch}-{seq}" for seq in range(2 * ROUNDS)]
        clients = [
            Client(
                f"{gateway.url}/v1/stream?{BOTH}" if number % 2 else f"{gateway.url}{ONE}",
                {"Last-Event-ID": chance.choice(before)},
            )
            for number in range(CLIENTS)
        ]
        await asyncio.gather(*(stack.enter_async_context(client) for client in clients))
        for client in clients:
            view = View()
            await client.until(
                lambda client=client: client.last_event_id.endswith(f"-{sum(wanted.values())}")  # type: ignore[misc]
            )
            for event in client.events:
                view.take(event)
            assert not view.resets
            assert not view.snapshots
            assert view.versions == {name: wanted[name] for name in view.versions}
        # As long as they come, somebody may have been away for longer than all before.
        reads = gateway.metrics.cold_reads._value.get()
        assert reads == 0 if hot else len(KEYS) <= reads <= 3 * len(KEYS)


async def test_beyond_a_message_that_is_gone_there_is_a_reset(
    nats_server: EmbeddedNats, publisher: FaultyPublisher
) -> None:
    """Instead of trying for ever, or of a hole."""
    for _ in range(8):
        await publisher.publish(KEYS[0])
    await jetstream_api(publisher.nc, f"STREAM.MSG.DELETE.{LIVE_STREAM}", {"seq": 5})
    async with running(nats_server.url) as gateway:
        for cursor, expected in ((3, "reset"), (5, "availability.updated")):
            headers = {"Last-Event-ID": f"{publisher.epoch}-{cursor}"}
            async with Client(f"{gateway.url}{ONE}", headers) as client:
                first, _ = await client.count(2)
                assert first.event == expected
                assert first.data.get("reason") == ("too_old" if cursor == 3 else None)
                await client.until(lambda: client.last.data.get("version") == 8)


async def test_nobody_is_resumed_over_the_place_of_a_message_that_is_gone(
    nats_server: EmbeddedNats, publisher: FaultyPublisher
) -> None:
    """The channel's very last one, which its snapshot shows."""
    for _ in range(4):
        await publisher.publish(KEYS[0])
    await jetstream_api(publisher.nc, f"STREAM.MSG.DELETE.{LIVE_STREAM}", {"seq": 4})
    async with running(nats_server.url) as gateway:
        headers = {"Last-Event-ID": f"{publisher.epoch}-2"}
        async with Client(f"{gateway.url}{ONE}", headers) as client:
            reset, snapshot = await client.count(2)
            assert reset.data == {"reason": "too_old"}
            assert snapshot.data["version"] == 4
