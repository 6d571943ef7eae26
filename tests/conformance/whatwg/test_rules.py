"""The gateway's encoder against the standard, heard by two parsers that are not ours and by Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser
from tests.conformance.node import Packages
from tests.conformance.recording import Told
from tests.conformance.whatwg.parsers import by_eventsource_parser, by_httpx_sse
from tests.conformance.whatwg.rules import RULES, Rule, frames_of

from holdfast.contracts.cursor import Cursor, new_epoch
from stream_gateway.frames import encode_body

NAMES = [rule.name for rule in RULES]
ALL = b"".join(rule.frame for rule in RULES)


def told(rules: Sequence[Rule]) -> list[Told]:
    """The events of a stream of these frames: an id stays until there is another."""
    events, last = [], ""
    for rule in rules:
        for event, id_, data in rule.events:
            last = id_ or last
            events.append(Told(event, last, data))
    return events


def every_split(stream: bytes) -> list[list[bytes]]:
    """In two chunks, at each place; and byte by byte."""
    two = [[stream[:at], stream[at:]] for at in range(1, len(stream))]
    return [*two, [stream[at : at + 1] for at in range(len(stream))]]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_bytes_of_a_frame(rule: Rule) -> None:
    assert len(frames_of(rule.frame)) == 1


async def test_each_frame_is_heard_as_it_must_be(packages: Packages) -> None:
    heard = await by_eventsource_parser(packages, [[rule.frame] for rule in RULES])
    for rule, each in zip(RULES, heard, strict=True):
        assert each.events == told([rule]), rule.name
        assert (each.retry, tuple(each.comments)) == (rule.retry, rule.comments), rule.name
        assert by_httpx_sse([rule.frame]) == told([rule]), rule.name


async def test_chunks_may_end_anywhere_even_inside_a_character(packages: Packages) -> None:
    streams = every_split(ALL)
    assert any(not _is_utf8(first) for first, *_ in streams)
    for stream, heard in zip(streams, await by_eventsource_parser(packages, streams), strict=True):
        assert heard.events == told(RULES)
        assert by_httpx_sse(stream) == told(RULES)


async def test_an_event_that_is_cut_is_not_heard(packages: Packages) -> None:
    cuts = [ALL[:at] for at in range(1, len(ALL))]
    for cut, heard in zip(
        cuts, await by_eventsource_parser(packages, [[cut] for cut in cuts]), strict=True
    ):
        whole = told(RULES[: cut.count(b"\n\n")])
        assert heard.events == whole, cut
        assert by_httpx_sse([cut]) == whole, cut


@pytest.mark.browser
async def test_chromium_hears_the_same(browser: Browser) -> None:
    async with playback(ALL) as origin:
        context = await browser.new_context()
        try:
            page = await context.new_page()
            await page.goto(f"{origin}/page")
            heard = await page.evaluate(
                """(names) => new Promise((resolve) => {
                    const source = new EventSource('/stream');
                    const told = [];
                    for (const name of names)
                        source.addEventListener(name, ({ type, lastEventId, data }) =>
                            told.push([type, lastEventId, data]));
                    source.onerror = () => { source.close(); resolve(told); };
                })""",
                sorted({"message", *(event.event for event in told(RULES))}),
            )
        finally:
            await context.close()
    assert [Told(*event) for event in heard] == told(RULES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.integers(1, 40))
def test_any_json_comes_through_whole(value: object, size: int) -> None:
    frame = encode_body(b"snapshot", msgspec.json.encode(value))
    frames_of(frame)
    (event,) = by_httpx_sse([frame[at : at + size] for at in range(0, len(frame), size)])
    assert msgspec.json.decode(event.data) == value


@given(st.integers(0, 2**63))
def test_an_id_is_what_every_client_can_send_back(seq: int) -> None:
    cursor = str(Cursor(new_epoch(), seq))
    assert cursor.isascii()
    assert cursor.replace("-", "").isalnum()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@asynccontextmanager
async def playback(stream: bytes) -> AsyncIterator[str]:
    """A server with an empty page, and `/stream`: the bytes one by one, each a chunk, and the end."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ")
        if head.startswith("GET /stream"):
            writer.write(b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for byte in stream:
                writer.write(b"1\r\n%c\r\n" % byte)
                await writer.drain()
            writer.write(b"0\r\n\r\n")
        else:
            writer.write(b"text/html\r\n\r\n<!doctype html><title>page</title>")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
