"""Clients that do not read: out of the fast path, back by a snapshot, or cut; never in the way."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.services import bearer
from tests.support.sse_client import Client, View
from tests.support.until import until

from holdfast.contracts.states import PUBLIC_STATES
from holdfast.contracts.subjects import availability_subject
from stream_gateway.app import Gateway

MANY = 4000
Lazy = Callable[..., Awaitable[Client]]


@pytest.fixture
async def lazy() -> AsyncIterator[Lazy]:
    """Opens clients with a small window that have read no more than the head."""
    opened: list[Client] = []

    async def open_one(url: str, headers: dict[str, str] | None = None) -> Client:
        opened.append(await open_lazily(url, headers))
        return opened[-1]

    yield open_one
    for client in opened:
        await client.close()


async def open_lazily(url: str, headers: dict[str, str] | None) -> Client:
    client = Client(url, headers)
    parts = urlsplit(url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (parts.hostname, parts.port))
    client.reader, client.writer = await asyncio.open_connection(sock=sock, limit=8192)
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", "Host: x"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    client.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await client.reader.readuntil(b"\r\n\r\n")
    if b"content-encoding: gzip" in head:
        client.gunzip()
    return client


async def burst(
    gateway: Gateway, publisher: LivePublisher, number: int = MANY, *, among: int | None = None
) -> None:
    """So many events that no kernel buffer takes them, published quickly; about so many sections."""
    last = gateway.hub.position.seq + number
    for _ in range(number // 100):
        for place in range(100):
            body = publisher.commit(section=None if among is None else place % among)
            data, headers = publisher.encoded(body)
            await publisher.nc.publish(availability_subject(CHANNEL), data, headers=headers)
        await publisher.nc.flush()
    await until(lambda: gateway.hub.position.seq >= last)
    publisher.truth().seq = last


async def test_gets_a_snapshot_once_it_reads_again_and_delays_nobody(
    gateway: Gateway, publisher: LivePublisher, lazy: Lazy
) -> None:
    await publisher.publish()
    slow = await lazy(stream_url(gateway))
    async with Client(stream_url(gateway)) as quick:
        await quick.count(1)
        await burst(gateway, publisher)
        await until(lambda: gateway.metrics.slow._value.get() >= 1)
        (stalled,) = gateway.hub.stalled_clients
        assert stalled.transport is not None
        held = stalled.transport.get_write_buffer_size()  # type: ignore[attr-defined]
        assert held <= 256 * 1024
        assert not stalled.is_live
        # Nothing more is queued for it.
        await burst(gateway, publisher, MANY)
        assert stalled.transport.get_write_buffer_size() == held  # type: ignore[attr-defined]
        view = View()
        await quick.until(lambda: quick.last.data.get("version") == publisher.truth().version)
        for event in quick.events:
            view.take(event)
        assert view.snapshots >= 1

        slow.start_reading()
        await slow.until(lambda: slow.last.event == "snapshot" and len(slow.events) > 1)
        snapshot = slow.last
        assert snapshot.data["reason"] == "slow_consumer"
        assert snapshot.data["version"] == publisher.truth().version
        assert snapshot.id is not None
        await publisher.publish()
        await slow.until(lambda: slow.last.data["version"] == publisher.truth().version)
        assert slow.last.event == "availability.updated"


async def test_one_that_never_reads_is_cut(
    start: Start, publisher: LivePublisher, lazy: Lazy
) -> None:
    gateway = await start(stuck_seconds=0.3, checkpoint_seconds=0.2)
    await lazy(stream_url(gateway))
    await burst(gateway, publisher)
    await until(lambda: gateway.metrics.slow._value.get() == 1)
    await until(lambda: not gateway.hub.clients)


async def test_a_private_channel_is_replayed_to_it(
    gateway: Gateway, publisher: LivePublisher, lazy: Lazy
) -> None:
    names = f"channel={CHANNEL.name}&channel=customer:{CLUB}:cus_1"
    url = f"{gateway.url}/v1/stream?{names}"
    slow = await lazy(url, bearer("customer", sub="cus_1"))
    await until(lambda: all(client.is_live for client in gateway.hub.clients))
    await burst(gateway, publisher)
    await until(lambda: gateway.metrics.slow._value.get() == 1)
    for _ in range(3):
        await publisher.notify(CLUB, "cus_1")
    slow.start_reading()
    await slow.until(lambda: slow.last.event == "customer.updated")
    await slow.until(lambda: [e.event for e in slow.events].count("customer.updated") == 3)
    tail = slow.events[-4:]
    assert [e.event for e in tail] == ["snapshot", *["customer.updated"] * 3]
    assert [e.id is None for e in tail] == [True, True, True, False]


async def test_a_big_snapshot_leaves_in_slices_and_is_followed_by_what_came_meanwhile(
    gateway: Gateway, publisher: LivePublisher, lazy: Lazy
) -> None:
    publisher.truth(sections=5_000)
    await publisher.publish()
    slow = await lazy(stream_url(gateway))
    await until(lambda: any(client.busy for client in gateway.hub.clients))
    (client,) = gateway.hub.clients
    assert client.transport is not None
    assert client.transport.get_write_buffer_size() <= 256 * 1024  # type: ignore[attr-defined]
    for _ in range(50):
        await publisher.publish()
    slow.start_reading()
    await slow.until(lambda: slow.last.data.get("version") == 51)
    view = View()
    for event in slow.events:
        view.take(event)
    assert view.snapshots == 1
    assert slow.events[0].data["version"] == 1
    assert len(slow.events) == 51
    assert [event.id for event in slow.events].count(None) <= 49
    await publisher.publish()
    await slow.until(lambda: slow.last.data["version"] == 52)


async def test_others_get_theirs_at_once_while_many_are_stalled(
    gateway: Gateway, publisher: LivePublisher, lazy: Lazy
) -> None:
    for _ in range(20):
        await lazy(stream_url(gateway))
    async with Client(stream_url(gateway)) as quick:
        await quick.count(1)
        await burst(gateway, publisher)
        await until(lambda: len(gateway.hub.stalled_clients) >= 20)
        await quick.until(lambda: quick.last.data.get("version") == MANY)
        started = time.monotonic()
        await publisher.publish()
        await quick.until(lambda: quick.last.data.get("version") == MANY + 1)
        assert time.monotonic() - started < 1.0


async def test_one_that_reads_but_never_catches_up_is_closed(
    start: Start, publisher: LivePublisher, lazy: Lazy
) -> None:
    gateway = await start(behind_seconds=0.3, stuck_seconds=60, checkpoint_seconds=0.2)
    publisher.truth(sections=5_000)
    await publisher.publish()
    slow = await lazy(stream_url(gateway))
    await until(lambda: any(client.busy for client in gateway.hub.clients))
    reason = gateway.metrics.closes.labels("behind")
    taken = 0
    async with asyncio.timeout(20):
        while not reason._value.get():
            taken += len(await slow.reader.read(1024))
            await asyncio.sleep(0.01)
    assert 0 < taken < 400_000
    await until(lambda: not gateway.hub.clients)


async def test_a_big_channel_brings_back_only_what_changed(
    start: Start, publisher: LivePublisher, lazy: Lazy
) -> None:
    gateway = await start(ring_bytes=64 * 1024 * 1024)
    truth = publisher.truth(sections=2_000)
    await publisher.publish()
    slow = await lazy(stream_url(gateway))
    await until(lambda: len(gateway.hub.clients) == 1)
    (client,) = gateway.hub.clients
    view = View()
    slow.start_reading()
    await slow.until(lambda: slow.last.event == "snapshot")
    slow.stop_reading()
    await until(lambda: client.is_live)
    await burst(gateway, publisher, among=50)
    await until(lambda: gateway.metrics.slow._value.get() >= 1)
    slow.start_reading()
    await slow.until(lambda: slow.last.data.get("version") == truth.version)
    for event in slow.events:
        view.take(event)
    snapshots = [event for event in slow.events if event.event == "snapshot"]
    assert len(snapshots) >= 2
    assert "partial" not in snapshots[0].data
    assert snapshots[-1].data["partial"] is True
    assert snapshots[-1].data["reason"] == "slow_consumer"
    assert len(snapshots[-1].data["sections"]) < 100
    expected = {id_: PUBLIC_STATES[each.state].value for id_, each in truth.sections.items()}
    assert view.sections[CHANNEL.name] == expected
