"""Peers that vanished, and connections that never become a request."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import LivePublisher
from tests.support.raw import Raw
from tests.support.until import until

from stream_gateway.app import Gateway

ALIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
SO_ATTACH_FILTER = 26
LINUX = sys.platform == "linux"


@contextmanager
def deaf(client: socket.socket) -> Iterator[None]:
    """A filter of the client's own that drops every packet before TCP sees it: no acknowledgement,
    no reset, as behind a firewall. Needs no privilege."""
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # return 0 bytes
    program = struct.pack("HP", 1, ctypes.addressof(drop))
    client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    yield


@contextmanager
def firewalled(client: socket.socket) -> Iterator[None]:
    """A rule that drops every packet of this one connection."""
    iptables = shutil.which("iptables")
    if iptables is None or os.geteuid() != 0:
        pytest.skip("needs iptables, and root to set a rule")
    port = str(client.getsockname()[1])
    rules = [
        ["INPUT", "-i", "lo", "-p", "tcp", side, port, "-j", "DROP"]
        for side in ("--dport", "--sport")
    ]
    added = []
    try:
        for rule in rules:
            if subprocess.call([iptables, "-w", "-I", *rule]) != 0:
                pytest.skip("iptables cannot set a rule here")
            added.append(rule)
        yield
    finally:
        for rule in added:
            assert subprocess.call([iptables, "-w", "-D", *rule]) == 0


@pytest.mark.skipif(not LINUX, reason="TCP_USER_TIMEOUT and socket filters are Linux's")
@pytest.mark.parametrize("vanish", [deaf, firewalled])
async def test_a_peer_that_vanished_is_reaped_by_the_kernel(
    start: Start, publisher: LivePublisher, vanish: object
) -> None:
    # Our own patience is longer than the test's: only the kernel can end it in time.
    gateway = await start(
        dead_peer_seconds=0.5, checkpoint_seconds=0.2, stuck_seconds=600, max_age_seconds=600
    )
    async with Raw(stream_url(gateway)) as gone, Raw(stream_url(gateway)) as healthy:
        for raw in (gone, healthy):
            raw.send(raw.request())
            await raw.until(b"event: snapshot")
        assert len(gateway.hub.clients) == 2
        with vanish(gone.writer.get_extra_info("socket")):  # type: ignore[operator]
            await until(lambda: len(gateway.hub.clients) == 1)
        await publisher.publish()
        await healthy.until(b"event: availability.updated")


@pytest.mark.skipif(not LINUX, reason="TCP_USER_TIMEOUT is Linux's")
async def test_accepted_connections_inherit_the_options_of_the_listener(start: Start) -> None:
    gateway = await start(dead_peer_seconds=12.5)
    async with Raw(stream_url(gateway)) as raw:
        raw.send(raw.request())
        await raw.until(b"event: snapshot")
        (client,) = gateway.hub.clients
        accepted = client.writer.get_extra_info("socket")  # type: ignore[attr-defined]
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_500
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 64 * 1024


@pytest.fixture
async def impatient(start: Start) -> AsyncIterator[Gateway]:
    """A gateway that waits for requests a moment only."""
    gateway = await start(request_seconds=0.3, checkpoint_seconds=0.2)
    yield gateway
    await until(lambda: len(gateway._servers[0].lobby) == 0)
    await until(lambda: not gateway._servers[0].server_state.connections)


async def drip(raw: Raw, data: bytes) -> None:
    """A byte now and then, until the connection is closed."""

    async def send() -> None:
        for byte in data * 1000:
            raw.send(bytes([byte]))
            await asyncio.sleep(0.05)

    sending = asyncio.create_task(send())
    try:
        await raw.until_closed()
    finally:
        sending.cancel()
        await asyncio.wait((sending,))


async def test_a_connection_without_a_request_is_closed(impatient: Gateway) -> None:
    async with Raw(stream_url(impatient)) as raw:
        await raw.until_closed()
        assert raw.received == b""


@pytest.mark.parametrize("before", [b"", ALIVE], ids=["at first", "after an answer"])
@pytest.mark.parametrize(
    "slowly", [b"X-A: b\r\n", b"\r\n"], ids=["half a head", "nothing but empty lines"]
)
async def test_a_request_a_byte_at_a_time_is_given_up(
    impatient: Gateway, before: bytes, slowly: bytes
) -> None:
    async with Raw(stream_url(impatient)) as raw:
        if before:
            raw.send(before)
            await raw.until(b'"status"')
            raw.received = b""
        half_a_head = slowly != b"\r\n"
        if half_a_head:
            raw.send(b"GET /livez HTTP/1.1\r\n")
        await drip(raw, slowly)
        assert raw.received.startswith(b"HTTP/1.1 408 ") == half_a_head


async def test_a_body_a_byte_at_a_time_is_given_up(impatient: Gateway) -> None:
    async with Raw(stream_url(impatient)) as raw:
        raw.send(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        await drip(raw, b"a")
        assert raw.received.startswith(b"HTTP/1.1 405 ")
        assert b"408" not in raw.received


async def test_those_with_a_request_are_left_alone(
    impatient: Gateway, publisher: LivePublisher
) -> None:
    async with Raw(stream_url(impatient)) as stream, Raw(stream_url(impatient)) as idle:
        stream.send(stream.request())
        await stream.until(b"event: snapshot")
        await idle.until_closed()
        await publisher.publish()
        await stream.until(b"event: availability.updated")
    async with Raw(stream_url(impatient)) as stream, Raw(stream_url(impatient)) as idle:
        stream.send(stream.request(more="Content-Length: 3\r\n") + b"abc")
        await stream.until(b"event: snapshot")
        await idle.until_closed()
        stream.received = b""
        await publisher.publish()
        await stream.until(b"event: availability.updated")


async def test_too_many_that_wait_push_the_oldest_out(start: Start) -> None:
    gateway = await start(max_waiting=20, request_seconds=600)
    async with AsyncExitStack() as stack:
        silent = []
        for _ in range(50):
            silent.append(await stack.enter_async_context(Raw(stream_url(gateway))))
            await until(lambda: len(gateway._servers[0].lobby) == min(20, len(silent)))
        for raw in silent[:30]:
            await raw.until_closed()
        for raw in silent[30:]:
            raw.send(raw.request())
            await raw.until(b"event: snapshot")


async def test_a_connection_that_was_answered_is_kept_for_its_next_request(start: Start) -> None:
    gateway = await start(request_seconds=0.2, keep_alive_seconds=60)
    async with Raw(stream_url(gateway)) as kept, Raw(stream_url(gateway)) as silent:
        kept.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await kept.until(b'"ok"}')
        await silent.until_closed()
        kept.received = b""
        kept.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await kept.until(b'"ok"}')
        # A second one that never comes whole is given up like a first.
        kept.send(b"GET /livez HTTP/1.1\r\n")
        await kept.until_closed()
    assert b"408" in kept.received


async def test_an_idle_connection_is_closed_at_last(start: Start) -> None:
    gateway = await start(keep_alive_seconds=0.2)
    async with Raw(stream_url(gateway)) as kept:
        kept.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await kept.until_closed()
    assert b'"ok"}' in kept.received
    await until(lambda: len(gateway._servers[0].lobby) == 0)
