"""HTTP load from one process: keep-alive connections, each with one request in flight.

Cheap on purpose (raw protocol, prepared bytes), since it shares two cores with what it measures.
Loopback only; a fixed number of requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, cast


class LoadResult(NamedTuple):
    """`seconds` for all; `latencies`: seconds each, sorted; `statuses` counts answers by status."""

    seconds: float
    latencies: list[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1000


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], result: LoadResult, done: asyncio.Event) -> None:
        self._requests = requests
        self._result = result
        self._done = done
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._done.set()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self._buffer = buffer
            return
        at = buffer.lower().find(b"content-length:", 0, end)
        length = int(buffer[at + 15 : buffer.index(b"\r\n", at)]) if at >= 0 else 0
        if len(buffer) < end + 4 + length:
            self._buffer = buffer
            return
        self._buffer = b""
        status = int(buffer[9:12])
        self._result.statuses[status] = self._result.statuses.get(status, 0) + 1
        self._result.latencies.append(time.perf_counter() - self._sent)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._done.set()


async def load(host: str, port: int, requests: Iterator[bytes], connections: int) -> LoadResult:
    """Send all `requests` over `connections` connections."""
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    result = LoadResult(0.0, latencies, statuses)
    loop = asyncio.get_running_loop()
    waits = []
    began = time.perf_counter()
    for _ in range(connections):
        done = asyncio.Event()
        waits.append(done.wait())
        await loop.create_connection(partial(_Connection, requests, result, done), host, port)
    await asyncio.gather(*waits)
    latencies.sort()
    return LoadResult(time.perf_counter() - began, latencies, statuses)


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "host: bench", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
