"""The feed's doubts: lost consumers, a killed NATS, streams made anew, epochs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from nats.aio.msg import Msg
from tests.integration.gateway.conftest import Start, is_ready, running, stream_url
from tests.support.feed_crew import StrictView
from tests.support.feed_site import faulty_site
from tests.support.live_publisher import (
    CHANNEL,
    CLUB,
    LivePublisher,
    delete_stream,
    live_publisher,
)
from tests.support.services import bearer
from tests.support.sse_client import Client, View
from tests.support.until import until

from holdfast.contracts.cursor import new_epoch
from holdfast.contracts.states import Audience
from holdfast.contracts.subjects import LIVE_STREAM
from holdfast.runtime.nats import jetstream_api
from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway, TaskEnded
from stream_gateway.consumer import Delivery


@pytest.fixture
async def own_nats(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    """A NATS that the test may kill."""
    async with EmbeddedNats(tmp_path / "nats") as server:
        yield server


async def test_a_deleted_consumer_loses_nothing(gateway: Gateway, publisher: LivePublisher) -> None:
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        names = await jetstream_api(publisher.nc, f"CONSUMER.NAMES.{LIVE_STREAM}")
        for name in names["consumers"]:
            await jetstream_api(publisher.nc, f"CONSUMER.DELETE.{LIVE_STREAM}.{name}")
        for _ in range(5):
            await publisher.publish()
        events = await client.count(6)
        assert [event.data["version"] for event in events] == [0, 1, 2, 3, 4, 5]


async def test_a_gap_is_noticed_and_filled(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when nats-py drops a message because its queue is full."""
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        consumer = gateway.feed._consumer
        assert consumer is not None
        deliver = consumer._deliver
        lost: list[Msg] = []

        def lossy(message: Msg, headers: dict[str, str]) -> None:
            if not lost:
                lost.append(message)
            else:
                deliver(message, headers)

        monkeypatch.setattr(consumer, "_deliver", lossy)
        for _ in range(5):
            await publisher.publish()
        events = await client.count(6)
        assert [event.data["version"] for event in events] == [0, 1, 2, 3, 4, 5]
        assert len(lost) == 1


async def test_a_crash_in_the_middle_of_a_message_leaves_no_hole(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some groups have it and some have not: all start over, and only those of the channel."""
    other = CHANNEL._replace(date="2026-02-16")
    staff = bearer("manager", CLUB, sub="sam")
    async with (
        Client(stream_url(gateway)) as first,
        Client(stream_url(gateway), staff) as second,
        Client(stream_url(gateway, date=other.date)) as bystander,
    ):
        for client in (first, second, bystander):
            await client.count(1)
        groups = gateway.hub.registry.groups.values()
        group = next(each for each in groups if each.views[0].form.audience is Audience.STAFF)

        def crashing(_frame: object) -> bool:
            monkeypatch.undo()
            raise ZeroDivisionError

        monkeypatch.setattr(group, "push", crashing)
        for _ in range(3):
            await publisher.publish()
            await publisher.publish(other)
        for client in (first, second, bystander):
            view = StrictView()
            await client.until(lambda client=client: client.last.data.get("version") == 3)  # type: ignore[misc]
            for event in client.events:
                view.take(event)
            assert not view.resets
        assert [event.event for event in bystander.named()][1:] == ["availability.updated"] * 3


async def test_a_crash_while_handling_a_message_resets(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, though the message would fail for ever."""
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        receive = gateway.hub.receive

        def crashing(delivery: Delivery) -> None:
            if delivery.seq == 1:
                raise ZeroDivisionError
            receive(delivery)

        monkeypatch.setattr(gateway.hub, "receive", crashing)
        for _ in range(3):
            await publisher.publish()
        await client.until(lambda: client.last.data.get("version") == 3)
        await publisher.publish()
        await client.until(lambda: client.last.data.get("version") == 4)
        view = StrictView()
        for event in client.events:
            view.take(event)
        assert view.resets == ["epoch_changed"]


async def test_the_feed_task_is_started_again(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError

    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        monkeypatch.setattr(gateway.feed, "_is_another_history", broken)
        await until(lambda: gateway.metrics.feed_restarts.labels("crash")._value.get() == 1)
        await publisher.publish()
        assert (await client.count(2))[1].data["version"] == 1


async def test_a_killed_nats_loses_nothing(own_nats: EmbeddedNats) -> None:
    async with (
        live_publisher(own_nats.url) as publisher,
        running(own_nats.url) as gateway,
        Client(stream_url(gateway)) as client,
    ):
        await client.count(1)
        for _ in range(3):
            await publisher.publish()
        await client.count(4)
        await own_nats.kill()
        await until(lambda: not gateway.nc.is_connected)
        assert not await is_ready(gateway)
        await own_nats.start()
        await until(lambda: publisher.nc.is_connected)
        for _ in range(3):
            await publisher.publish()
        events = await client.count(7)
        assert [event.data["version"] for event in events] == list(range(7))
        await until(lambda: is_ready(gateway))


async def test_a_stream_made_anew_resets_everybody(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    for _ in range(5):
        await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        old = client.last_event_id
        publisher.epoch = new_epoch()
        await delete_stream(publisher.nc, LIVE_STREAM)
        await publisher.create_live()
        await publisher.publish()
        events = await client.count(3)
        assert (events[1].event, events[1].data) == ("reset", {"reason": "epoch_changed"})
        view = View()
        for event in events[1:]:
            view.take(event)
        assert events[2].data["epoch"] == publisher.epoch
        await publisher.publish()
        await client.until(lambda: client.named()[-1].data.get("version") == 7)
        async with Client(stream_url(gateway, cursor=old)) as returning:
            reset, snapshot = await returning.count(2)
            assert reset.data == {"reason": "epoch_changed"}
            assert snapshot.data["version"] == 7


async def test_nobody_is_resumed_from_another_stream(
    start: Start, publisher: LivePublisher
) -> None:
    """What a client missed is no longer there, and the feed does not know yet: that nothing of the
    old epoch is found must not pass for nothing having happened."""
    await publisher.publish()
    gateway = await start(heartbeat_seconds=60, verify_seconds=60)
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        cursor = client.last_event_id
    for _ in range(5):
        await publisher.publish()
    other = await start(heartbeat_seconds=60, verify_seconds=60)
    async with Client(stream_url(other)) as opener:
        await opener.count(1)
        await publisher.publish()
        await opener.count(2)
        publisher.epoch = new_epoch()
        await delete_stream(publisher.nc, LIVE_STREAM)
        await publisher.create_live()
        async with Client(stream_url(other, cursor=cursor)) as returning:
            await until(lambda: other.metrics.cold_reads._value.get() > 1 or bool(returning.events))
            assert returning.events == []
            other.feed.doubt("test")
            reset, snapshot = await returning.count(2)
            assert (reset.event, reset.data) == ("reset", {"reason": "epoch_changed"})
            assert snapshot.data["version"] == 7


async def test_a_stream_that_went_back_resets_even_with_the_same_epoch(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    """A restored stream may say the same of itself and hold something else."""
    for _ in range(5):
        await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        await delete_stream(publisher.nc, LIVE_STREAM)
        await publisher.create_live()
        for _ in range(6):
            await publisher.publish()
        await client.until(lambda: bool(client.named(("checkpoint", "snapshot"))))
        await publisher.publish()
        await client.until(lambda: client.last.data.get("version") == 12)
        view = View()
        resets = [event.event for event in client.events].index("reset")
        for event in client.events[resets:]:
            view.take(event)
        assert view.versions == {publisher.truth().key.name: 12}


async def test_a_new_epoch_in_the_same_stream(gateway: Gateway, publisher: LivePublisher) -> None:
    for _ in range(3):
        await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        await publisher.mark_epoch(new_epoch())
        publisher.truth().seq = 3
        await publisher.publish()
        events = await client.count(3)
        assert [event.event for event in events] == ["snapshot", "reset", "snapshot"]
        assert events[2].data["version"] == 4
        assert client.last_event_id.startswith(publisher.epoch)


async def test_a_late_message_of_an_old_epoch_is_left_out(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        epoch, publisher.epoch = publisher.epoch, "deadepoch0"
        body = publisher.commit()
        await publisher.send(publisher.truth().key, body)
        publisher.epoch = epoch
        await publisher.send(publisher.truth().key, body)
        events = await client.count(2)
        assert events[1].data["version"] == 2
        assert events[1].id == f"{epoch}-3"


async def test_starts_before_nats_and_before_the_stream(tmp_path: Path) -> None:
    server = EmbeddedNats(tmp_path / "nats")
    await server.start()
    await server.stop()
    async with running(server.url, ready=False) as gateway:
        async with httpx.AsyncClient() as http:
            ready = await http.get(f"{gateway.url}/readyz")
            assert ready.status_code == 503
            assert ready.json()["checks"] == {
                "nats": False,
                "feed": False,
                "venues": False,
                "accepting": True,
            }
            assert (await http.get(f"{gateway.url}/livez")).status_code == 200
        async with server, live_publisher(server.url, create=False) as publisher:
            await until(lambda: gateway.nc.is_connected)
            assert not await is_ready(gateway)
            await publisher.create_streams()
            await publisher.add_venue()
            await until(lambda: is_ready(gateway))
            async with Client(stream_url(gateway)) as client:
                await client.count(1)


async def test_a_connection_that_is_closed_for_good_ends_the_process(tmp_path: Path) -> None:
    """Else it would serve for ever what it last heard: nats-py does not connect again after that."""
    async with faulty_site(tmp_path) as site:
        site.proxy.say(b"-ERR 'User Authentication Expired'\r\n")
        with pytest.raises(TaskEnded, match="nats"):
            async with asyncio.timeout(20):
                await site.far.failed()
        assert site.far.nc.is_closed


async def test_refuses_snapshots_while_cut_off(
    start: Start, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await start()
    url = stream_url(gateway).replace("/stream?", "?")
    async with httpx.AsyncClient() as http:
        assert (await http.get(url)).status_code == 200
        monkeypatch.setattr("stream_gateway.polling.STALE_AFTER", 0.0)
        await delete_stream(publisher.nc, LIVE_STREAM)
        await until(lambda: gateway.feed.detached_for > 0)
        refused = await http.get(url)
        assert refused.status_code == 503
        assert refused.json()["code"] == "UNAVAILABLE"
