"""The handover, on every event loop: what becomes of uvicorn's connection, and of what else was on it."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.integration.gateway.conftest import settings, stream_url
from tests.support.gateway_thread import LOOPS, GatewayThread
from tests.support.live_publisher import CHANNEL, LivePublisher, live_publisher
from tests.support.raw import Raw
from tests.support.sse_client import Client
from tests.support.until import until

from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway
from stream_gateway.handover import HandoverProtocol

ALIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
NO_REQUEST = "Invalid HTTP request received."


@pytest.fixture(scope="module")
async def publisher(nats_server: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    """One for all; what matters here is connections."""
    async with live_publisher(nats_server.url) as made:
        yield made


@pytest.fixture(scope="module", params=LOOPS)
async def thread(
    request: pytest.FixtureRequest, nats_server: EmbeddedNats, publisher: LivePublisher
) -> AsyncIterator[GatewayThread]:
    """A gateway on each loop."""
    async with GatewayThread(settings(nats_server.url), request.param) as made:
        yield made


@pytest.fixture
async def gateway(thread: GatewayThread) -> AsyncIterator[Gateway]:
    """The gateway, which nobody uses before and after."""
    yield thread.gateway
    await until(lambda: not thread.gateway.hub.clients and not thread.gateway.hub.registry.groups)


@pytest.fixture
def raw(gateway: Gateway) -> Raw:
    return Raw(stream_url(gateway))


@pytest.fixture(autouse=True)
def complaints(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What may be logged: nothing, where a test does not say otherwise."""
    caplog.set_level(logging.WARNING)
    expected: list[str] = []
    yield expected
    assert [record.getMessage() for record in caplog.get_records("call")] == expected


async def see_news(raw: Raw, publisher: LivePublisher) -> None:
    """The stream is live."""
    await raw.until(b"event: snapshot")
    raw.received = b""
    await publisher.publish()
    await raw.until(b"event: availability.updated")


def close_all(gateway: Gateway) -> None:
    for client in list(gateway.hub.clients):
        gateway.hub.close(client, "test")


async def test_outlives_the_keep_alive_timeout(
    raw: Raw, gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway._servers[0].config, "timeout_keep_alive", 0.05)
    async with raw:
        raw.send(ALIVE)
        await raw.until(b'"status"')
        raw.send(raw.request())
        await raw.until(b"event: snapshot")
        await asyncio.sleep(0.2)
        await see_news(raw, publisher)


async def test_requests_before_it_on_the_same_connection_are_answered(
    raw: Raw, publisher: LivePublisher
) -> None:
    async with raw:
        raw.send(ALIVE)
        await raw.until(b'"status"')
        raw.received = b""
        raw.send(ALIVE + raw.request("HEAD") + ALIVE + raw.request())
        await raw.until(b"event: snapshot")
        assert raw.received.count(b'"status"') == 2
        assert raw.received.rindex(b'"status"') < raw.received.index(b"event: snapshot")
        await see_news(raw, publisher)


@pytest.mark.parametrize(
    "behind",
    [ALIVE, ALIVE * 50, b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", b"GET /"],
    ids=["a request", "many", "a post", "half a request"],
)
async def test_what_is_pipelined_behind_it_is_dropped_and_a_close_is_seen(
    raw: Raw, gateway: Gateway, publisher: LivePublisher, behind: bytes
) -> None:
    async with raw:
        raw.send(raw.request() + behind)
        await see_news(raw, publisher)
        assert b'"status"' not in raw.received
        assert b"HTTP/1.1" not in raw.received
        await until(lambda: len(gateway.hub.clients) == 1)
    await until(lambda: not gateway.hub.clients)


async def test_too_many_pipelined_requests_are_not_kept(
    raw: Raw, gateway: Gateway, complaints: list[str]
) -> None:
    complaints.append(NO_REQUEST)
    async with raw:
        raw.send(raw.request() + ALIVE * 150)
        await raw.until_closed()
    assert gateway._servers[0].server_state.connections == set()


async def test_garbage_in_its_wake_ends_the_connection(
    raw: Raw, gateway: Gateway, complaints: list[str]
) -> None:
    complaints.append(NO_REQUEST)
    async with raw:
        raw.send(raw.request() + b"\x00\x01garbage\r\n\r\n")
        await raw.until_closed()
    assert b"400" in raw.received.split(b"\r\n")[0]


async def test_bytes_after_it_are_dropped_up_to_a_bound(
    raw: Raw, gateway: Gateway, publisher: LivePublisher
) -> None:
    async with raw:
        raw.send(raw.request())
        await raw.until(b"event: snapshot")
        raw.send(b"\x00" * 60_000)
        await raw.writer.drain()
        await see_news(raw, publisher)
        raw.send(b"\x00" * 10_000)
        await raw.until_closed()


async def test_a_client_that_sends_for_ever_is_cut(raw: Raw, gateway: Gateway) -> None:
    sent = 0
    async with raw, asyncio.timeout(20):
        raw.send(raw.request())
        await raw.until(b"event: snapshot")
        try:
            while True:
                raw.send(b"x" * 4096)
                await raw.writer.drain()
                sent += 4096
        except ConnectionError:
            pass
    assert sent > 60_000


async def test_head_is_the_head_alone(raw: Raw, gateway: Gateway) -> None:
    async with raw:
        raw.send(raw.request("HEAD") + ALIVE)
        await raw.until(b'"status"')
    head = raw.received.split(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 200")
    assert b"text/event-stream" in head
    assert b"event: " not in raw.received
    assert not gateway.hub.clients


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ("Content-Length: 3\r\n", b"abc"),
        ("Content-Length: 3\r\n", b"a"),
        ("Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", b"3\r\nab"),
        ("Content-Length: 3\r\nExpect: 100-continue\r\n", b"abc"),
        ("Content-Length: 3\r\nExpect: 100-continue\r\n", b""),
    ],
    ids=["length", "short", "chunks", "open chunk", "expectation", "unmet expectation"],
)
async def test_a_body_takes_the_other_way(
    raw: Raw,
    thread: GatewayThread,
    gateway: Gateway,
    publisher: LivePublisher,
    more: str,
    body: bytes,
) -> None:
    async with raw:
        raw.send(raw.request(more=more) + body)
        await raw.until(b"event: snapshot")
        head = raw.received
        assert b"text/event-stream; charset=utf-8" in head
        assert b"no-store, no-transform" in head
        await see_news(raw, publisher)
        await thread.call(lambda: close_all(gateway))
        await raw.until(b"0\r\n\r\n")
    await until(lambda: not gateway._servers[0].server_state.tasks)


@pytest.mark.parametrize("more", ["", "Connection: keep-alive\r\n"])
async def test_http_1_0_gets_no_chunks(
    raw: Raw, thread: GatewayThread, gateway: Gateway, publisher: LivePublisher, more: str
) -> None:
    async with raw:
        raw.send(raw.request(version="1.0", more=more))
        await raw.until(b"}]}\n")
        head, _, body = raw.received.partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in head
        assert b"connection: close" in head
        assert body.startswith(b": holdfast")
        await see_news(raw, publisher)
        await thread.call(lambda: close_all(gateway))
        await raw.until_closed()
        assert b"\r" not in raw.received
        assert raw.received.endswith(b"\n\n")


async def test_http_1_0_with_a_body_gets_no_chunks_either(
    raw: Raw, publisher: LivePublisher
) -> None:
    async with raw:
        raw.send(raw.request(version="1.0", more="Content-Length: 3\r\n") + b"abc")
        await raw.until(b"}]}\n")
        head, _, body = raw.received.partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in head
        assert body.startswith(b": holdfast")
        await see_news(raw, publisher)


async def test_a_client_that_closes_at_once(gateway: Gateway) -> None:
    for _ in range(50):
        async with Raw(stream_url(gateway)) as raw:
            raw.send(raw.request())
            await asyncio.sleep(0)
    await until(lambda: not gateway._servers[0].server_state.connections)


async def test_a_client_that_is_gone_before_its_head(
    raw: Raw, gateway: Gateway, publisher: LivePublisher
) -> None:
    """The head has to wait where an answer before it fills the buffers."""
    key = CHANNEL._replace(date="2026-03-02")
    publisher.truth(key, sections=20_000)
    poll = raw.target.replace("/stream?", "?").replace(CHANNEL.date, key.date)
    state = gateway._servers[0].server_state
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with client:
        client.connect((raw.url.hostname, raw.url.port))
        client.sendall(raw.request(target=poll) + raw.request())

        def stream_waits() -> bool:
            protocols = [each for each in state.connections if isinstance(each, HandoverProtocol)]
            return any(
                each.flow.write_paused and not each.pipeline and not each.cycle.response_started
                for each in protocols
                if each.cycle
            )

        await until(stream_waits)
    await until(lambda: not state.connections and not state.tasks)


async def test_a_client_that_is_gone_before_the_channel_opens(
    raw: Raw, gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "snapshot_delay", 0.1)
    key = CHANNEL._replace(date="2026-03-01")
    async with Raw(stream_url(gateway, date=key.date)) as other:
        other.send(other.request())
        await other.until(b"retry: ")
        await until(lambda: len(gateway.hub.clients) == 1)
    await until(lambda: not gateway.hub.clients)
    await until(lambda: gateway.hub.registry.channel(key).is_open)
    assert not gateway.hub.registry.channel(key).waiters


async def test_a_half_closed_client_is_let_go(raw: Raw) -> None:
    async with raw:
        raw.send(raw.request())
        await raw.until(b"event: snapshot")
        raw.writer.write_eof()
        await raw.until_closed()


@pytest.mark.parametrize(
    "more",
    [
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    ],
    ids=["websocket", "h2c"],
)
async def test_an_upgrade_is_ignored(raw: Raw, publisher: LivePublisher, more: str) -> None:
    async with raw:
        raw.send(raw.request(more=more))
        await see_news(raw, publisher)


async def test_an_upgrade_of_another_request_is_ignored_too(raw: Raw) -> None:
    async with raw:
        raw.send(raw.request(target="/livez", more="Connection: Upgrade\r\nUpgrade: h2c\r\n"))
        await raw.until_closed()
    assert raw.received.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in raw.received


async def test_connection_close_and_absolute_form(raw: Raw, publisher: LivePublisher) -> None:
    async with raw:
        target = f"http://elsewhere.example{raw.target}"
        raw.send(raw.request(target=target, more="Connection: close\r\n"))
        await raw.until(b"\r\n\r\n")
        assert b"connection: close" in raw.received
        await see_news(raw, publisher)


@pytest.mark.parametrize(
    "head",
    ["a long target", "a long header", "many headers", "endless headers"],
)
async def test_a_head_has_a_bound(
    raw: Raw, gateway: Gateway, complaints: list[str], head: str
) -> None:
    if head != "endless headers":
        complaints.append(NO_REQUEST)
    async with raw:
        match head:
            case "a long target":
                raw.send(raw.request(target=raw.target + "&x=" + "x" * 70_000))
            case "a long header":
                raw.send(raw.request(more=f"X-Long: {'x' * 70_000}\r\n"))
            case "many headers":
                raw.send(raw.request(more="X-A: b\r\n" * 9000))
            case _:
                raw.send(raw.request()[:-2] + b"X-A: b\r\n" * 10_000)
        await raw.until_closed()
    assert raw.received.startswith(b"HTTP/1.1 431 ")
    assert not gateway._servers[0].server_state.connections


async def test_a_long_head_within_the_bound_is_read(raw: Raw, publisher: LivePublisher) -> None:
    async with raw:
        raw.send(raw.request(more="X-A: b\r\n" * 1000))
        await see_news(raw, publisher)


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
