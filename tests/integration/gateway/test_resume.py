"""Resumes: by id, cursor or version; from the ring, from the stream, or by a reset."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import CHANNEL, CLUB, DATE, VENUE, LivePublisher
from tests.support.services import SECRET, Service
from tests.support.services import start as start_process
from tests.support.sse_client import Client, EventSource, View
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey
from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway
from stream_gateway.consumer import Delivery

OTHER = ChannelKey(CLUB, VENUE, "2026-02-16", "slot_21_00")


async def see_versions(client: Client, *versions: int) -> None:
    """The next events are those, in order, and nothing else."""
    events = await client.count(len(versions))
    assert [event.data["version"] for event in events] == list(versions)
    assert {event.event for event in events} == {"availability.updated"}


@pytest.mark.parametrize("how", ["header", "cursor", "after", "after and epoch"])
async def test_resumes_where_it_was(gateway: Gateway, publisher: LivePublisher, how: str) -> None:
    async with Client(stream_url(gateway)) as first:
        await first.count(1)
        for _ in range(2):
            await publisher.publish()
        last = (await first.count(3))[2]
    for _ in range(3):
        await publisher.publish()
    await until(lambda: gateway.hub.position.seq == 5)
    ways: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
        "header": ({"cursor": "rubbish"}, {"Last-Event-ID": last.id or ""}),
        "cursor": ({"cursor": last.id}, {}),
        "after": ({"after": 2}, {}),
        "after and epoch": ({"after": 2, "epoch": publisher.epoch}, {}),
    }
    query, headers = ways[how]
    async with Client(stream_url(gateway, **query), headers) as again:
        await see_versions(again, 3, 4, 5)
        # In a catch-up only the last frame carries an id: a cut before it must not skip any.
        assert [event.id for event in again.events] == [None, None, f"{publisher.epoch}-5"]
        await publisher.publish()
        await see_versions(again, 3, 4, 5, 6)
        assert again.events[-1].id == f"{publisher.epoch}-6"


async def test_nothing_missed_is_told_by_a_checkpoint(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    await publisher.publish()
    await until(lambda: gateway.hub.position.seq == 1)
    for query in ({"cursor": f"{publisher.epoch}-1"}, {"after": 1}):
        async with Client(stream_url(gateway, **query)) as client:
            await client.until(lambda client=client: bool(client.events))  # type: ignore[misc]
            assert client.events[0].event == "checkpoint"
            assert client.last_event_id == f"{publisher.epoch}-1"


async def test_several_channels_are_merged_by_sequence(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    url = f"{gateway.url}/v1/stream?channel={CHANNEL.name}&channel={OTHER.name}"
    async with Client(url) as first:
        snapshots = await first.count(2)
        assert [event.id for event in snapshots] == [None, f"{publisher.epoch}-0"]
    for key in (CHANNEL, OTHER, OTHER, CHANNEL, OTHER):
        await publisher.publish(key)
    await until(lambda: gateway.hub.position.seq == 5)
    async with Client(url, {"Last-Event-ID": first.last_event_id}) as again:
        events = await again.count(5)
        seen = [(event.data["date"], event.data["version"]) for event in events]
        assert seen == [(DATE, 1), (OTHER.date, 1), (OTHER.date, 2), (DATE, 2), (OTHER.date, 3)]
        assert [event.id for event in events] == [None] * 4 + [f"{publisher.epoch}-5"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"cursor": "rubbish"}, "malformed_cursor"),
        ({"cursor": "aaaaaaaaaa-1"}, "epoch_changed"),
        ({"cursor": "EPOCH-999"}, "ahead_of_stream"),
        ({"after": "x"}, "malformed_cursor"),
        ({"after": -1}, "malformed_cursor"),
        ({"after": 1, "epoch": "aaaaaaaaaa"}, "epoch_changed"),
        ({"after": 999}, "ahead_of_stream"),
    ],
)
async def test_resets_in_band(
    gateway: Gateway, publisher: LivePublisher, query: dict[str, str], reason: str
) -> None:
    await publisher.publish()
    query = {k: str(v).replace("EPOCH", publisher.epoch) for k, v in query.items()}
    async with Client(stream_url(gateway, **query)) as client:
        assert client.status == 200
        reset, snapshot = await client.count(2)
        assert (reset.event, reset.data) == ("reset", {"reason": reason})
        assert reset.id is None
        assert snapshot.event == "snapshot"
        assert snapshot.id == f"{publisher.epoch}-1"
        await publisher.publish()
        assert (await client.count(3))[2].data["version"] == 2


async def test_a_cursor_that_the_stream_no_longer_covers_is_reset(
    start: Start, publisher: LivePublisher
) -> None:
    await publisher.create_streams(per_subject=3)
    await publisher.add_venue()
    for _ in range(8):
        await publisher.publish()
    gateway = await start()
    for query in ({"cursor": f"{publisher.epoch}-2"}, {"after": 2}):
        async with Client(stream_url(gateway, **query)) as client:
            reset, snapshot = await client.count(2)
            assert reset.data == {"reason": "too_old"}
            assert snapshot.data["version"] == 8
    async with Client(stream_url(gateway, cursor=f"{publisher.epoch}-6")) as client:
        await see_versions(client, 7, 8)


async def test_waits_for_the_feed_where_the_stream_is_ahead(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publisher.publish()
    async with Client(stream_url(gateway)) as live:
        await live.count(1)
        # The gateway hears nothing for a while; another one had sent version 2.
        held: list[Delivery] = []
        receive = gateway.hub.receive
        monkeypatch.setattr(gateway.hub, "receive", held.append)
        await publisher.publish()
        async with (
            Client(stream_url(gateway, cursor=f"{publisher.epoch}-2")) as ahead,
            Client(stream_url(gateway, after=2)) as by_version,
        ):
            await ahead.until(lambda: bool(ahead.parser.comments))
            await by_version.until(lambda: bool(by_version.parser.comments))
            async with asyncio.timeout(10):
                while not held:
                    await asyncio.sleep(0.01)
            monkeypatch.undo()
            for delivery in held:
                receive(delivery)
            await publisher.publish()
            await see_versions(ahead, 3)
            await see_versions(by_version, 3)


async def test_a_cold_resume_reads_the_stream_once_per_channel(
    start: Start, publisher: LivePublisher
) -> None:
    for _ in range(50):
        await publisher.publish()
        await publisher.publish(OTHER)
    gateway = await start()
    url = f"{gateway.url}/v1/stream?channel={CHANNEL.name}&channel={OTHER.name}"

    async def resume() -> None:
        async with Client(url, {"Last-Event-ID": f"{publisher.epoch}-10"}) as client:
            view = View()
            for event in await client.count(90):
                view.take(event)
            assert view.versions == {CHANNEL.name: 50, OTHER.name: 50}
            assert client.last_event_id == f"{publisher.epoch}-100"

    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(resume())
    assert gateway.metrics.cold_reads._value.get() == 2
    assert publisher.snapshot_requests == 2


async def test_kill_9_and_resume_on_a_new_gateway(
    nats_server: EmbeddedNats, publisher: LivePublisher, tmp_path: Path
) -> None:
    environ = {
        "HOLDFAST_NATS_URL": nats_server.url,
        "HOLDFAST_JWT_SECRET": SECRET,
        "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        "HOLDFAST_STREAM_GATEWAY_PORT": "0",
    }

    gateways: list[Service] = []

    async def start_gateway() -> None:
        service = await start_process("stream_gateway", tmp_path / "log", environ)
        cleanup.push_async_callback(service.kill)
        gateways.append(service)

    async def write() -> None:
        while True:
            await publisher.publish()
            await asyncio.sleep(0.002)

    async def all_see(version: int) -> None:
        for source in sources:
            await source.until(lambda view: view.versions.get(CHANNEL.name, 0) >= version)

    path = f"/v1/stream?channel={CHANNEL.name}"
    async with AsyncExitStack() as cleanup:
        await start_gateway()
        writing = asyncio.create_task(write())
        cleanup.callback(writing.cancel)
        sources = [
            await cleanup.enter_async_context(EventSource(lambda: gateways[-1].url + path))
            for _ in range(20)
        ]
        for _ in range(2):
            await all_see(publisher.truth().version + 20)
            await gateways[-1].kill()
            await start_gateway()
        await all_see(publisher.truth().version + 20)
        writing.cancel()
        await asyncio.wait((writing,))
    views = [source.view for source in sources]
    assert all(source.connections >= 3 for source in sources)
    # Checked on the way: no version twice, none left out.
    assert [view.resets for view in views] == [[]] * 20
    assert [view.snapshots for view in views] == [1] * 20
