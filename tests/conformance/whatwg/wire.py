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


class Answer:
    """What a server answered to one GET. `body` is without the HTTP around it, decoded where it came
    compressed; `ended` when it was over and not only cut."""

    def __init__(self, target: str = "/", headers: list[tuple[str, str]] | None = None) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ended = False
        self._unpack: Callable[[bytes], bytes] = bytes
        self._http = h11.Connection(h11.CLIENT)
        given = [("Host", "test"), *(headers or [])]
        request = h11.Request(method="GET", target=target, headers=given)
        self.request = self._http.send(request) + self._http.send(h11.EndOfMessage())
        """The bytes that ask for it."""

    def feed(self, data: bytes) -> None:
        """The next bytes of it."""
        self._http.receive_data(data)
        while not self.ended and (event := self._http.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Response):
                self.status = event.status_code
                self.headers = {name.decode(): value.decode() for name, value in event.headers}
                if self.headers.get("content-encoding") == "gzip":
                    self._unpack = zlib.decompressobj(wbits=31).decompress
            elif isinstance(event, h11.Data):
                self.body += self._unpack(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self.ended = True


class Wire(Answer):
    """One GET that we ask ourselves."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        accept = ("Accept", "text/event-stream")
        super().__init__(f"{parts.path}?{parts.query}", [accept, *headers.items()])
        self.reading = asyncio.Event()
        self.reading.set()
        self._address = (parts.hostname, parts.port)
        self._socket = socket.socket()

    async def ask(self) -> None:
        """The answer is read by `run`."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        self._socket.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, self._address)
        await loop.sock_sendall(self._socket, self.request)

    async def run(self) -> None:
        """Read until the end, but not while `reading` is cleared."""
        loop = asyncio.get_running_loop()
        while not self.ended:
            await self.reading.wait()
            data = await loop.sock_recv(self._socket, 65_536)
            await self.reading.wait()
            assert data, "the connection was cut"
            self.feed(data)

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
    recording = Wire(url, headers or {})
    await recording.ask()
    task = asyncio.create_task(recording.run())
    try:
        yield recording
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        recording.close()
