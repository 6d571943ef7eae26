"""A thousand clients that come and go in every way leave nothing behind, on every event loop."""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from tests.integration.gateway.conftest import settings, stream_url
from tests.support.gateway_thread import LOOPS, GatewayThread
from tests.support.live_publisher import LivePublisher
from tests.support.raw import Raw
from tests.support.sse_client import Client
from tests.support.until import until
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway

KINDS = {
    "Subscriber",
    "Group",
    "Join",
    "Handover",
    "HandoverProtocol",
    "RequestResponseCycle",
    "FlowControl",
    "Request",
    "LiveResponse",
    "QueueTransport",
    "TCPTransport",
    "_SelectorSocketTransport",
    "TimerHandle",
    "Task",
}
"""Whatever a request or a client is made of."""


@pytest.fixture(params=LOOPS)
async def thread(
    request: pytest.FixtureRequest, nats_server: EmbeddedNats, publisher: LivePublisher
) -> AsyncIterator[GatewayThread]:
    """A gateway on each loop, without timers that would disturb the counts."""
    config = settings(nats_server.url, verify_seconds=600, request_seconds=600)
    async with GatewayThread(config, request.param) as made:
        yield made


async def come_and_go(gateway: Gateway, rng: random.Random) -> None:
    """One client, which leaves at some moment."""
    async with Raw(stream_url(gateway, date=f"2026-03-0{rng.randint(1, 3)}")) as raw:
        way = rng.randrange(9)
        request = {
            0: raw.request(version="1.0"),
            1: raw.request(version="1.0", more="Content-Length: 3\r\n") + b"abc",
            2: raw.request(more="Content-Length: 3\r\n") + b"abc",
            3: raw.request() * 3,
            4: raw.request("HEAD"),
            5: raw.request()[:-10],
            6: raw.request(more="Accept-Encoding: gzip\r\n"),
        }.get(way, raw.request())
        raw.send(request)
        if way == 5 or rng.random() < 0.2:
            return
        await raw.until(b"\r\n\r\n")
        if way != 4 and rng.random() < 0.7:
            await raw.until(b"retry: ")
        if rng.random() < 0.2:
            raw.writer.write_eof()
            await raw.until_closed()


def census() -> Counter[str]:
    """How many objects there are of each kind. asyncio drops cancelled timers when they are many."""
    gc.collect()
    objects = [each for each in gc.get_objects() if type(each).__name__ in KINDS]
    timers = (each for each in objects if isinstance(each, asyncio.TimerHandle))
    cancelled = sum(each.cancelled() for each in timers)
    names = Counter(type(each).__name__ for each in objects)
    return names - Counter(TimerHandle=cancelled)


async def test_a_thousand_clients_leave_nothing(
    thread: GatewayThread, publisher: LivePublisher, request: pytest.FixtureRequest
) -> None:
    gateway, rng = thread.gateway, random.Random(1)
    debugging = "debug" in request.node.callspec.id  # three times as slow
    state = gateway._servers[0].server_state

    async def crowd(number: int) -> None:
        for _ in range(number // 20):
            await asyncio.gather(*(come_and_go(gateway, rng) for _ in range(20)))
            await publisher.publish()
        await until(lambda: not gateway.hub.clients and not state.connections and not state.tasks)
        # The pulse forgets those who never were live at its next tick.
        await until(lambda: not gateway.pulse._waiting)

    async def count() -> tuple[Counter[str], int, int]:
        tasks = len(await thread.call(asyncio.all_tasks))
        return census(), tasks, len(gc.get_objects())

    await crowd(200)  # caches fill
    kinds, tasks, objects = await count()
    await crowd(300 if debugging else 1000)
    kinds_after, tasks_after, objects_after = await count()

    assert tasks_after == tasks
    assert {k: n for k, n in (kinds_after - kinds).items() if n > 3} == {}
    # The ring of the channel has grown by the events between; nothing has grown by the clients.
    assert objects_after - objects < 1000
    hub = gateway.hub
    assert (len(hub.registry.groups), len(hub.stalled_clients)) == (0, 0)
    assert all(not each.waiters and not each.groups for each in hub.registry.channels.values())
    assert len(gateway._servers[0].lobby) == 0
    assert (gateway.limits.streams, gateway.limits.addresses) == (0, {})
    assert not any(gateway.pulse._wheel.values())


async def test_no_task_and_no_protocol_of_uvicorn_per_client(
    thread: GatewayThread, publisher: LivePublisher
) -> None:
    gateway = thread.gateway
    await publisher.publish()
    clients = [Client(stream_url(gateway)) for _ in range(500)]
    async with Client(stream_url(gateway)) as first:
        await first.count(1)
        tasks = len(await thread.call(asyncio.all_tasks))
        for client in clients:
            await client.open(read=False)
        await until(lambda: len(gateway.hub.clients) == 501)
        assert len(await thread.call(asyncio.all_tasks)) == tasks
        server = gateway._servers[0]
        assert server.server_state.connections == set()
        assert server.server_state.tasks == set()
        gc.collect()
        assert [each for each in gc.get_objects() if isinstance(each, HttpToolsProtocol)] == []
        for client in clients:
            client.start_reading()
        await publisher.publish()
        for client in clients:
            assert (await client.count(2))[1].data["version"] == 2
        for client in clients:
            await client.close()
    await until(lambda: not gateway.hub.clients)
    assert gateway.hub.registry.groups == {}
