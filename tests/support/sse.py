"""A small SSE client: raw sockets, so that hundreds cost little and a cut is really a cut.

WHATWG HTML §9.2: lines end with LF, a blank line ends an event, `id` sticks, comments are ignored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec


class Event(NamedTuple):
    """One dispatched event; `id` is the event's own (None: it had none)."""

    name: str
    data: Any
    id: str | None


class SseStream:
    """One response. `comments` and `retry` are what was seen besides events."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        status: int,
        headers: Mapping[str, str],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.status = status
        self.headers = headers
        self.retry: int | None = None
        self.comments: list[str] = []
        self._buffer = b""

    def abort(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()

    async def body(self) -> bytes:
        """What is left of a response that is no stream."""
        if "content-length" in self.headers:
            return await self._reader.readexactly(int(self.headers["content-length"]))
        return b"".join([chunk async for chunk in self._chunks()])

    async def _chunks(self) -> AsyncIterator[bytes]:
        chunked = self.headers.get("transfer-encoding") == "chunked"
        while True:
            if not chunked:
                data = await self._reader.read(65536)
                if not data:
                    return
                yield data
                continue
            try:
                size = int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)
                data = await self._reader.readexactly(size + 2)
            except (asyncio.IncompleteReadError, ConnectionError, ValueError):
                return
            if size == 0:
                return
            yield data[:-2]

    async def __aiter__(self) -> AsyncIterator[Event]:
        async for chunk in self._chunks():
            self._buffer += chunk
            *blocks, self._buffer = self._buffer.split(b"\n\n")
            for block in blocks:
                event = self._event(block.decode())
                if event is not None:
                    yield event

    def _event(self, block: str) -> Event | None:
        name, id_, data = "message", None, []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not field:
                self.comments.append(value)
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                id_ = value
            elif field == "retry":
                self.retry = int(value)
        return Event(name, msgspec.json.decode("\n".join(data)), id_) if data else None


async def open_stream(url: str, headers: Mapping[str, str] | None = None) -> SseStream:
    """GET `url`; returns once the response's headers are there."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port, limit=64 * 1024 * 1024
    )
    lines = [
        f"GET {parts.path}?{parts.query} HTTP/1.1",
        f"host: {parts.netloc}",
        "accept: text/event-stream",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except BaseException:
        writer.transport.abort()
        raise
    status = int(head[0].split()[1])
    found = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    return SseStream(reader, writer, status, found)
