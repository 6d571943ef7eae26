"""A connection in between that keeps every byte a client is answered, and can lead elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.conformance.whatwg.wire import Answer

LOOPBACK = "127.0.0.1"
STREAM = b"content-type: text/event-stream"


class Overhearing:
    """Forwards to the server at `target`, which may be another one for later connections."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.answered: list[bytearray] = []
        """What came back, of each connection."""
        self._links: set[asyncio.StreamWriter] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until both sides have ended."""
        parts = urlsplit(self.target)
        try:
            far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            writer.transport.abort()
            return
        kept = bytearray()
        self.answered.append(kept)
        both = {writer, far_writer}
        self._links |= both
        try:
            await asyncio.gather(
                _forward(reader, far_writer, bytearray()), _forward(far_reader, writer, kept)
            )
        finally:
            self._links -= both

    def cut(self) -> None:
        for link in self._links:
            link.transport.abort()

    def streams(self) -> list[Answer]:
        """The streams among what was answered."""
        found = []
        for kept in map(bytes, self.answered):
            at = kept.lower().find(STREAM)
            if at >= 0:
                answer = Answer()
                answer.feed(kept[kept.rindex(b"HTTP/1.1 ", 0, at) :])
                found.append(answer)
        return found


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            kept += data
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def overhearing(target: str) -> AsyncIterator[Overhearing]:
    """Listens on a port of its own until the block ends."""
    between = Overhearing(target)
    server = await asyncio.start_server(between.accept, LOOPBACK, 0)
    between.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    try:
        yield between
    finally:
        server.close()
        between.cut()
        await server.wait_closed()
