"""A stream of the gateway, cut at one place after the other: no client comes back with an id of what
it has not shown. The real clients; the server is a stand-in that can cut at a byte."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from playwright.async_api import Browser
from tests.conformance.clients import RESUMING, client, each
from tests.conformance.node import Packages
from tests.conformance.recording import Told
from tests.conformance.whatwg.wire import wire
from tests.integration.gateway.conftest import running, stream_url
from tests.support.live_publisher import live_publisher
from tests.support.until import until

from holdfast_dev.nats import EmbeddedNats

STEP = 200
"""Bytes between two cuts; around the ends of lines it is one."""
PAUSE = 0.01
"""Seconds from the bytes to the cut. A client that hears of both at once may drop the bytes, which
is no fault; but then the cut is none in the middle of something."""
FORGETFUL = {"httpx-sse"}
"""Its documentation's loop takes the greeting's frame for an event with an empty id, so it may ask
for a snapshot where it could have a replay: no loss."""
HASTY = {"fetch-event-source"}
"""Believes an id before its frame is whole. The id is a frame's last line, so only the LF after it
can be missing."""
ID_AT_THE_END = re.compile(rb"\nid: \S+\n\Z")
NUMBER = b"NNNN"
"""Where each event says of which connection it is."""
NAMES = tuple(it for it in RESUMING if it not in ("Holdfast's own", "curl --compressed"))
"""Ours is an EventSource underneath, and nothing is compressed here."""


class Cutter:
    """Answers request number n with a beginning of `stream` in which every event says that it is of
    connection n; in the end with silence."""

    def __init__(self, stream: bytes) -> None:
        self.stream = stream
        near = {at + end.end() for end in re.finditer(rb"\n", stream) for at in (-1, 0, 1)}
        self.cuts = [len(stream), *sorted(near | set(range(0, len(stream), STEP)))]
        """The whole at first: from it a client knows that it may come back at once."""
        self.asked: list[str] = []
        """The `Last-Event-ID` of each request; empty where there was none."""

    @property
    def done(self) -> bool:
        return len(self.asked) > len(self.cuts)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        match = re.search(r"^last-event-id: *(\S*)\r$", head, re.IGNORECASE | re.MULTILINE)
        number = len(self.asked)
        self.asked.append(match[1] if match else "")
        if number < len(self.cuts):
            part = self.stream.replace(NUMBER, b"%04d" % number)[: self.cuts[number]]
            kind = b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\n" + kind)
            if part:
                writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await asyncio.sleep(PAUSE)
        else:
            with contextlib.suppress(ConnectionError):
                await reader.read()
        writer.close()


@asynccontextmanager
async def cutting(stream: bytes) -> AsyncIterator[tuple[Cutter, str]]:
    cutter = Cutter(stream)
    server = await asyncio.start_server(cutter.answer, "127.0.0.1", 0)
    async with server:
        yield cutter, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/stream"


@pytest.fixture(scope="module")
async def stream(nats_server: EmbeddedNats) -> bytes:
    """A replay, then live events; a reset and a snapshot, then live events. To come back at once."""
    body = b""
    async with live_publisher(nats_server.url) as publisher, running(nats_server.url) as gateway:
        version = publisher.truth(sections=1).version
        for cursor in (f"{publisher.epoch}-0", "rubbish"):
            version = await publisher.publish()
            await until(lambda version=version: gateway.hub.position.seq >= version)  # type: ignore[misc]
            async with wire(stream_url(gateway), {"Last-Event-ID": cursor}) as live:
                await live.has(b'"version":%d' % version, b"\n\n")
                version = await publisher.publish()
                await live.has(b'"version":%d}' % version, b"\n\n")
                body += live.body
    body = body.replace(b'{"', b'{"connection":"%b","' % NUMBER)
    return re.sub(rb"retry: \d+", b"retry: 1", body)


class Outcome(NamedTuple):
    """What one client showed, and how it asked."""

    events: list[Told]
    cuts: list[int]
    asked: list[str]


@pytest.fixture(scope="module")
async def outcomes(stream: bytes, browser: Browser, packages: Packages) -> dict[str, Outcome]:
    """All clients side by side, each with a server of its own."""

    async def run(name: str) -> Outcome:
        async with (
            cutting(stream) as (cutter, url),
            client(name, url, browser=browser, packages=packages) as recording,
        ):
            # One that asks no more fails its own test by what it has not asked.
            with contextlib.suppress(TimeoutError):
                await until(lambda: cutter.done, timeout=60)
        return Outcome(recording.events, cutter.cuts, cutter.asked)

    return dict(zip(NAMES, await asyncio.gather(*map(run, NAMES)), strict=True))


@each(NAMES)
def test_an_id_is_given_back_only_after_its_event(
    stream: bytes, outcomes: dict[str, Outcome], name: str
) -> None:
    events, cuts, asked = outcomes[name]
    assert asked[0] == ""
    assert len(set(asked)) > 4
    shown = {int(event.body["connection"]): event.id for event in events}
    last = ""
    for number, (cut, given) in enumerate(zip(cuts, asked[1:], strict=True)):
        last = shown.get(number) or last
        if name in HASTY and ID_AT_THE_END.search(stream[:cut]):
            last = given
        elif not (name in FORGETFUL and given == ""):
            assert given == last, (number, stream[max(0, cut - 80) : cut])
