"""Joins: which snapshot, from where, and what a client sees while a channel cannot open."""

from __future__ import annotations

import asyncio

import httpx
from tests.integration.gateway.conftest import Start, snapshot_url, stream_url
from tests.support.live_publisher import LivePublisher
from tests.support.sse_client import Client

from stream_gateway.app import Gateway


async def test_one_load_however_many_join(gateway: Gateway, publisher: LivePublisher) -> None:
    await publisher.publish()
    publisher.snapshot_delay = 0.1

    async def join() -> int:
        async with Client(stream_url(gateway)) as client:
            (snapshot,) = await client.count(1)
            version: int = snapshot.data["version"]
            return version

    assert await asyncio.gather(*(join() for _ in range(50))) == [1] * 50
    assert publisher.snapshot_requests == 1


async def test_opens_from_the_bucket_while_nobody_answers(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    for _ in range(4):
        await publisher.publish()
    await publisher.keep_snapshot()
    for _ in range(3):
        await publisher.publish()
    publisher.serving = False
    async with Client(stream_url(gateway)) as client:
        (snapshot,) = await client.count(1)
        assert snapshot.data["version"] == 7
        assert publisher.snapshot_requests == 0


async def test_ignores_a_kept_snapshot_of_another_epoch(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    await publisher.publish()
    epoch, publisher.epoch = publisher.epoch, "otherepoch"
    await publisher.keep_snapshot()
    publisher.epoch = epoch
    async with Client(stream_url(gateway)) as client:
        (snapshot,) = await client.count(1)
        assert snapshot.data["epoch"] == epoch
        assert publisher.snapshot_requests == 1


async def test_waits_for_what_is_committed_but_not_published(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    await publisher.publish()
    body = publisher.commit()
    async with Client(stream_url(gateway)) as client:
        assert client.status == 200
        await client.until(lambda: client.parser.retry is not None or bool(client.parser.comments))
        async with httpx.AsyncClient() as http:
            asking = asyncio.create_task(http.get(snapshot_url(gateway)))
            await publisher.send(publisher.truth().key, body)
            assert (await asking).json()["version"] == 2
        (snapshot,) = await client.count(1)
        assert snapshot.data["version"] == 2
        assert snapshot.id == f"{publisher.epoch}-2"


async def test_a_channel_that_never_moved_opens_at_once(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    async with Client(stream_url(gateway)) as client:
        (snapshot,) = await client.count(1)
        assert snapshot.data["version"] == 0
        await publisher.publish()
        events = await client.count(2)
        assert events[1].data["version"] == 1


async def test_gives_up_in_band_and_by_503(start: Start, publisher: LivePublisher) -> None:
    gateway = await start(open_seconds=0.3)
    publisher.serving = False
    async with Client(stream_url(gateway)) as client, httpx.AsyncClient() as http:
        refused = await http.get(snapshot_url(gateway))
        await client.until_ended()
    assert client.status == 200
    assert client.clean_end
    # The last word is when to come back, which is not at once, and the one before says why.
    assert client.parser.retry is not None
    assert 5_000 <= client.parser.retry <= 15_000
    assert len(client.parser.comments) == 2
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert refused.json()["code"] == "UNAVAILABLE"


async def test_a_hole_loads_the_channel_anew(gateway: Gateway, publisher: LivePublisher) -> None:
    await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        publisher.commit()  # never published
        await publisher.publish()
        events = await client.count(2)
        assert events[1].event == "snapshot"
        assert events[1].data["version"] == 3
        assert events[1].data["reason"] == "reloaded"
        await publisher.publish()
        assert (await client.count(3))[2].data["version"] == 4


async def test_an_unreadable_message_is_a_hole(gateway: Gateway, publisher: LivePublisher) -> None:
    await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        body = publisher.commit()
        await publisher.send(publisher.truth().key, body, raw=b'{"nothing":"known"}')
        events = await client.count(2)
        assert events[1].event == "snapshot"
        assert events[1].data["version"] == 2
        await publisher.publish()
        assert (await client.count(3))[2].data["version"] == 3


async def test_without_the_first_snapshot(gateway: Gateway, publisher: LivePublisher) -> None:
    await publisher.publish()
    async with Client(stream_url(gateway, snapshot="none")) as client:
        await client.until(lambda: len(client.events) >= 1)
        await publisher.publish()
        (event,) = await client.count(1)
        assert event.event == "availability.updated"
        assert event.data["version"] == 2
        assert client.events[0].event == "checkpoint"
        assert client.events[0].id == f"{publisher.epoch}-1"


async def test_a_new_layout_reaches_clients_and_newcomers(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    key = publisher.truth().key
    await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        publisher.snapshot_delay = 0.05
        await publisher.send(key, await publisher.change_layout(sections=12))
        await publisher.publish(section=11)  # one that came with the new layout
        events = await client.count(3)
        assert [event.event for event in events[1:]] == ["layout.updated", "availability.updated"]
        assert events[1].data == {
            "eventType": "layout.updated",
            "channel": key.name,
            "layoutVersion": 2,
            "version": 2,
        }
        async with Client(stream_url(gateway)) as newcomer:
            (snapshot,) = await newcomer.count(1)
        assert snapshot.data["version"] == 3
        assert snapshot.data["layoutVersion"] == 2
        assert len(snapshot.data["sections"]) == 12
        assert snapshot.data["sections"][11]["state"] == "held"


async def test_idle_channels_close(start: Start, publisher: LivePublisher) -> None:
    gateway = await start(idle_channel_seconds=0.05, checkpoint_seconds=0.2)
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        assert len(gateway.hub.registry.channels) == 1
    async with asyncio.timeout(10):
        while gateway.hub.registry.channels:
            await asyncio.sleep(0.01)
    assert gateway.hub.registry.groups == {}
    assert gateway.hub.clients == set()
