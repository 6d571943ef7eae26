"""A stream as it comes off the socket: every byte of it kept, and read only while we want to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import h11
from tests.support.until import until

WINDOW = 16_384


class Wire:
    """One GET. `body` is what the stream holds, without the HTTP around it, decoded where it came
    compressed; `ended` when the response was over and not only cut."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.raw = bytearray()
        self.body = bytearray()
        self.ended = False
        self.reading = asyncio.Event()
        self.reading.set()
        self._http = h11.Connection(h11.CLIENT)
        self._unpack: Callable[[bytes], bytes] = bytes
        self._socket = socket.socket()

    async def get(self, url: str, headers: dict[str, str]) -> None:
        """Ask; the answer is read by `run`."""
        parts = urlsplit(url)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        self._socket.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, (parts.hostname, parts.port))
        request = h11.Request(
            method="GET",
            target=f"{parts.path}?{parts.query}",
            headers=[("Host", parts.netloc), ("Accept", "text/event-stream"), *headers.items()],
        )
        data = self._http.send(request) + self._http.send(h11.EndOfMessage())
        await loop.sock_sendall(self._socket, data)

    async def run(self) -> None:
        """Read until the end, but not while `reading` is cleared."""
        loop = asyncio.get_running_loop()
        while not self.ended:
            await self.reading.wait()
            data = await loop.sock_recv(self._socket, 65_536)
            if not self.reading.is_set():
                await self.reading.wait()
            self.raw += data
            self._http.receive_data(data)
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                self._take(event)
                if self.ended:
                    break

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response):
            self.status = event.status_code
            self.headers = {name.decode(): value.decode() for name, value in event.headers}
            if self.headers.get("content-encoding") == "gzip":
                self._unpack = zlib.decompressobj(wbits=31).decompress
        elif isinstance(event, h11.Data):
            self.body += self._unpack(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            self.ended = True

    async def has(self, *parts: bytes) -> None:
        """Wait until the body has these, in this order."""

        def there() -> bool:
            at = 0
            for part in parts:
                at = self.body.find(part, at)
                if at < 0:
                    return False
                at += len(part)
            return True

        try:
            await until(there)
        except TimeoutError:
            raise AssertionError(f"no {parts} at the end of {bytes(self.body[-400:])!r}") from None

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def wire(url: str, headers: dict[str, str] | None = None) -> AsyncIterator[Wire]:
    """A stream that is being recorded, until the block ends."""
    recording = Wire()
    await recording.get(url, headers or {})
    task = asyncio.create_task(recording.run())
    try:
        yield recording
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        recording.close()
