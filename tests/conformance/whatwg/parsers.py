"""Parsers that are not ours, and what they hear in the bytes of a stream."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence

import httpx
from httpx_sse import EventSource
from tests.conformance.node import NODE, Packages
from tests.conformance.recording import Told

Stream = Sequence[bytes]
"""The chunks in which it arrives."""
SECONDS = 60


class Heard:
    """What one parser heard in one stream."""

    def __init__(self, events: list[Told], retry: int | None, comments: list[str]) -> None:
        self.events = events
        self.retry = retry
        self.comments = comments


async def by_eventsource_parser(packages: Packages, streams: Sequence[Stream]) -> list[Heard]:
    """The npm package `eventsource-parser`, which `eventsource` is made of; its errors fail the test."""
    lines = (
        json.dumps([base64.b64encode(chunk).decode() for chunk in stream]) for stream in streams
    )
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), str(packages.programs / "parse.mjs")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, complaint = await process.communicate("\n".join(lines).encode() + b"\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaint.decode()
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == len(streams)
    return [
        Heard([Told(*event) for event in each["events"]], each["retry"], each["comments"])
        for each in answers
    ]


class _Chunks(httpx.SyncByteStream):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream


def by_httpx_sse(stream: Stream) -> list[Told]:
    """PyPI `httpx-sse`. It shows frames without data too; the standard does not, so nor do we."""
    head = {"content-type": "text/event-stream"}
    source = EventSource(httpx.Response(200, headers=head, stream=_Chunks(stream)))
    return [Told(each.event, each.id, each.data) for each in source.iter_sse() if each.data]
