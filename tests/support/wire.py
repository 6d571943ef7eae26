"""One GET of a stream on a bare asyncio protocol: no task, so that thousands cost little, and cut
after so many bytes as a test likes, in the middle of a head, a chunk, a frame or a compressed block."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.support.sse_client import Received, SseParser


class Dechunker:
    """Takes HTTP/1.1 chunks apart, as far as they came."""

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""
        self._left = 0
        """Bytes of the present chunk, with its CRLF, that are still to come."""

    def feed(self, data: bytes) -> bytes:
        """The content in `data`."""
        data = self._rest + data
        self._rest = b""
        content = []
        at = 0
        while at < len(data) and not self.ended:
            if self._left:
                part = data[at : at + self._left]
                at += len(part)
                # The last two are not content.
                content.append(part[: max(0, self._left - 2)])
                self._left -= len(part)
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._rest = data[at:]
                break
            size = int(data[at:end], 16)
            at = end + 2
            self._left = size + 2
            self.ended = size == 0
        return b"".join(content)


class Wire(asyncio.Protocol):
    """Open with `connect`. `notify` is called after each arrival and at the end; what was wrong with
    what came is in `error`."""

    def __init__(
        self,
        take: Callable[[Received], None],
        notify: Callable[[], None],
        limit: int | None,
    ) -> None:
        self.parser = SseParser()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.ended = False
        self.clean_end = False
        """Whether the end was the last chunk, and not a cut."""
        self.error: BaseException | None = None
        self.received = 0
        self.transport: asyncio.Transport
        self._take = take
        self._notify = notify
        self._limit = limit
        self._head = b""
        self._chunks = Dechunker()
        self._gunzip: zlib._Decompress | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self._limit is not None and self.received + len(data) >= self._limit:
            data = data[: self._limit - self.received]
            self.cut()
        self.received += len(data)
        try:
            self._read(data)
        except Exception as error:  # noqa: BLE001 - raised where the test waits
            self.error = error
            self.cut()
        self._notify()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self._notify()

    def cut(self) -> None:
        """End the connection without a word; nothing is taken any more."""
        self.transport.abort()

    def _read(self, data: bytes) -> None:
        if not self.status:
            data = self._read_head(data)
        content = self._chunks.feed(data)
        if self._gunzip is not None:
            content = self._gunzip.decompress(content)
        for received in self.parser.feed(content):
            self._take(received)
        if self._chunks.ended:
            self.clean_end = True
            self.transport.close()

    def _read_head(self, data: bytes) -> bytes:
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            return b""
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        assert self.status == 200, self._head
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        if self.headers.get("content-encoding") == "gzip":
            self._gunzip = zlib.decompressobj(31)
        return rest


async def connect(
    url: str,
    headers: dict[str, str],
    take: Callable[[Received], None],
    notify: Callable[[], None],
    *,
    limit: int | None = None,
) -> Wire:
    """Connect and send the request. `take` gets each event; after `limit` bytes of the response the
    connection is cut. Raises OSError."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    _, wire = await asyncio.get_running_loop().create_connection(
        lambda: Wire(take, notify, limit), parts.hostname, parts.port
    )
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    wire.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    return wire
