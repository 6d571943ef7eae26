"""The handover: what becomes of uvicorn's connection, and of what else was on it."""

from __future__ import annotations

import asyncio
import gc
import logging
import zlib
from urllib.parse import urlsplit

import pytest
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import LivePublisher
from tests.support.sse_client import Client, SseParser
from tests.support.until import until
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stream_gateway.app import Gateway
from stream_gateway.fallback import QueueTransport


class Raw:
    """A connection by hand."""

    def __init__(self, gateway: Gateway) -> None:
        parts = urlsplit(gateway.url)
        self._host, self._port = parts.hostname, parts.port
        self.url = urlsplit(stream_url(gateway))
        self.received = b""

    async def __aenter__(self) -> Raw:
        self.reader, self.writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.writer.transport.abort()

    def request(self, method: str = "GET", *, version: str = "1.1", more: str = "") -> bytes:
        target = f"{self.url.path}?{self.url.query}"
        return f"{method} {target} HTTP/{version}\r\nHost: x\r\n{more}\r\n".encode()

    async def until(self, wanted: bytes) -> None:
        async with asyncio.timeout(10):
            while wanted not in self.received:
                data = await self.reader.read(65536)
                assert data, self.received[-500:]
                self.received += data

    async def until_closed(self) -> None:
        async with asyncio.timeout(10):
            try:
                while data := await self.reader.read(65536):
                    self.received += data
            except ConnectionError:
                pass


@pytest.fixture(autouse=True)
def no_complaints(caplog: pytest.LogCaptureFixture) -> object:
    """Uvicorn must not notice anything."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.records] == []


async def test_no_task_and_no_protocol_of_uvicorn_per_client(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    await publisher.publish()
    clients = [Client(stream_url(gateway)) for _ in range(500)]
    async with Client(stream_url(gateway)) as first:
        await first.count(1)
        gc.collect()
        tasks = len(asyncio.all_tasks())
        for client in clients:
            await client.open(read=False)
        await until(lambda: len(gateway.hub.clients) == 501)
        assert len(asyncio.all_tasks()) == tasks
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
    assert gateway.hub.groups == {}


async def test_outlives_the_keep_alive_timeout(
    start: Start, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await start()
    monkeypatch.setattr(gateway._servers[0].config, "timeout_keep_alive", 0.05)
    async with Raw(gateway) as raw:
        raw.writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" + raw.request())
        await raw.until(b"event: snapshot")
        await asyncio.sleep(0.2)
        await publisher.publish()
        await raw.until(b"event: availability.updated")


async def test_a_request_before_it_on_the_same_connection_is_answered(gateway: Gateway) -> None:
    async with Raw(gateway) as raw:
        raw.writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" + raw.request())
        await raw.until(b'"status"')
        await raw.until(b"event: snapshot")
        assert raw.received.index(b'"status"') < raw.received.index(b"event: snapshot")


async def test_requests_behind_it_are_dropped_and_a_close_is_seen(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request() + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        await raw.until(b"event: snapshot")
        await publisher.publish()
        await raw.until(b"event: availability.updated")
        assert b'"status"' not in raw.received
        assert len(gateway.hub.clients) == 1
    await until(lambda: not gateway.hub.clients)


async def test_bytes_after_it_are_dropped_up_to_a_bound(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request())
        await raw.until(b"event: snapshot")
        raw.writer.write(b"x" * 60_000)
        await raw.writer.drain()
        await publisher.publish()
        await raw.until(b"event: availability.updated")
        raw.writer.write(b"x" * 10_000)
        await raw.until_closed()
    await until(lambda: not gateway.hub.clients)


async def test_a_client_that_is_gone_before_the_channel_opens(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    publisher.snapshot_delay = 0.1
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request())
        await raw.until(b"retry: ")
    await until(lambda: not gateway.hub.clients)
    await until(lambda: all(channel.is_open for channel in gateway.hub.channels.values()))
    assert all(not channel.waiters for channel in gateway.hub.channels.values())


async def test_a_client_that_closes_at_once(gateway: Gateway) -> None:
    for _ in range(50):
        async with Raw(gateway) as raw:
            raw.writer.write(raw.request())
    await until(lambda: not gateway.hub.clients and not gateway.hub.groups)


async def test_a_half_closed_client_is_let_go(gateway: Gateway) -> None:
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request())
        await raw.until(b"event: snapshot")
        raw.writer.write_eof()
        await raw.until_closed()
    await until(lambda: not gateway.hub.clients)


async def test_head_is_the_head_alone(gateway: Gateway) -> None:
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request("HEAD") + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await raw.until(b'"status"')
    head = raw.received.split(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 200")
    assert b"text/event-stream" in head
    assert b"event: " not in raw.received
    assert not gateway.hub.clients


async def test_falls_back_to_a_response_of_its_own(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request(more="Content-Length: 3\r\n") + b"abc")
        await raw.until(b"event: snapshot")
        await publisher.publish()
        await raw.until(b"event: availability.updated")
        assert b"text/event-stream; charset=utf-8" in raw.received
        assert b"no-store, no-transform" in raw.received
        assert len(gateway.hub.clients) == 1
        for client in list(gateway.hub.clients):
            gateway.hub.close(client, "test")
        await raw.until_closed()
        # HTTP/1.0 knows no chunks: the framing would be content.
        assert raw.received.endswith(b"0\r\n\r\n") == (version == "1.1")
        assert (b"transfer-encoding" in raw.received) == (version == "1.1")
    await until(lambda: not gateway.hub.clients)


@pytest.mark.parametrize("gzip", [False, True])
async def test_http_1_0_is_handed_over_without_chunks(
    gateway: Gateway, publisher: LivePublisher, gzip: bool
) -> None:
    """What nginx speaks to a server unless it is told otherwise."""
    accepts = "Accept-Encoding: gzip\r\n" if gzip else ""
    async with Raw(gateway) as raw:
        raw.writer.write(raw.request(version="1.0", more=accepts))
        await until(lambda: any(client.is_live for client in gateway.hub.clients))
        (client,) = gateway.hub.clients
        assert not isinstance(client.transport, QueueTransport)
        await publisher.publish()
        await until(lambda: gateway.hub.position.seq == 1)
        gateway.hub.close(client, "test")
        await raw.until_closed()
    head, _, body = raw.received.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert head.count(b"connection: close") == 1
    if gzip:
        assert b"content-encoding: gzip" in head
        body = zlib.decompressobj(31).decompress(body)
    assert body.startswith(b": holdfast\n")
    assert b"\r" not in body
    events = SseParser().feed(body)
    assert [event.event for event in events] == ["snapshot", "availability.updated"]


async def test_headers_of_a_stream(gateway: Gateway) -> None:
    headers = {"Origin": "https://demo.example", "X-Request-Id": "abc-1"}
    async with Client(stream_url(gateway), headers) as client:
        found = client.response_headers
    assert found["content-type"] == "text/event-stream; charset=utf-8"
    assert found["cache-control"] == "no-store, no-transform"
    assert found["x-accel-buffering"] == "no"
    assert found["x-content-type-options"] == "nosniff"
    assert found["transfer-encoding"] == "chunked"
    assert found["access-control-allow-origin"] == "https://demo.example"
    assert found["x-request-id"] == "abc-1"
    assert "content-length" not in found
