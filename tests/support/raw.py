"""An HTTP connection by hand: bytes out, bytes in."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit


class Raw:
    """Talks to the server of `url`, which is also the target of `request`."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self.url = urlsplit(url)
        self.received = b""
        self._tls = tls

    async def __aenter__(self) -> Raw:
        self.reader, self.writer = await asyncio.open_connection(
            self.url.hostname, self.url.port, ssl=self._tls
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.writer.transport.abort()

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.url.path}?{self.url.query}"

    def request(
        self, method: str = "GET", *, target: str = "", version: str = "1.1", more: str = ""
    ) -> bytes:
        """A request's head; `more` is header lines, each with its CRLF."""
        return f"{method} {target or self.target} HTTP/{version}\r\nHost: x\r\n{more}\r\n".encode()

    def send(self, data: bytes) -> None:
        """Without waiting."""
        self.writer.write(data)

    async def until(self, wanted: bytes) -> None:
        """Read until it has come."""
        async with asyncio.timeout(20):
            while wanted not in self.received:
                data = await self.reader.read(65536)
                assert data, self.received[-500:]
                self.received += data

    async def until_closed(self) -> None:
        """Read to the end."""
        async with asyncio.timeout(20):
            try:
                while data := await self.reader.read(65536):
                    self.received += data
            except ConnectionError:
                pass
