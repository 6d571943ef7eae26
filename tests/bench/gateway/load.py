"""Load: a crowd in a process of its own on the load's core, and GETs counted per second."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.bench.gateway.crowd import Crowd, Joined, Outcome
from tests.bench.gateway.machine import raise_open_files

ROOT = Path(__file__).resolve().parents[3]


class Load:
    """The crowd's methods as awaitables. They run one after another; a further one ends a `watch`."""

    def __init__(self, connection: Connection, process: subprocess.Popen[bytes]) -> None:
        self._connection = connection
        self._process = process
        self._waiting: deque[asyncio.Future[Any]] = deque()

    def begin(self, name: str, *args: Any, **options: Any) -> asyncio.Future[Any]:
        """Have the crowd start; the answer is awaited later, after what it shall see was sent."""
        loop = asyncio.get_running_loop()
        os.set_blocking(self._connection.fileno(), True)  # uvloop makes it otherwise
        self._connection.send((name, args, options))
        loop.add_reader(self._connection.fileno(), self._read)
        self._waiting.append(loop.create_future())
        return self._waiting[-1]

    def _read(self) -> None:
        answer = self._waiting.popleft()
        if not self._waiting:
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
        os.set_blocking(self._connection.fileno(), True)
        try:
            result = self._connection.recv()
        except EOFError:
            result = RuntimeError("the crowd has ended")
        if answer.cancelled():
            return
        if isinstance(result, BaseException):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    async def join(
        self, address: tuple[str, int], requests: list[bytes], mark: bytes, **options: Any
    ) -> Joined:
        """See Crowd.join; raises where not all become ready."""
        joined: Joined = await self.begin(
            "join", address, requests, [mark] * len(requests), **options
        )
        if joined.ready < len(requests):
            raise RuntimeError(f"{joined.ready} of {len(requests)} joined: {joined.refused}")
        return joined

    async def until(self, events: int, **options: Any) -> Outcome:
        """See Crowd.until."""
        outcome: Outcome = await self.begin("until", events, **options)
        return outcome

    async def watch(self, events: int, **options: Any) -> Outcome:
        """See Crowd.watch."""
        outcome: Outcome = await self.begin("watch", events, **options)
        return outcome

    async def mark(self) -> None:
        """See Crowd.mark."""
        await self.begin("mark")

    async def close(self, keep: int = 0) -> None:
        """See Crowd.close."""
        await self.begin("close", keep)

    def end(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.wait(10)


@asynccontextmanager
async def load(*, nice: int = 0) -> AsyncIterator[Load]:
    """A crowd of nobody yet."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.gateway.load", str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        cwd=ROOT,
    )
    theirs.close()
    started = Load(Connection(ours.detach()), process)
    try:
        if nice:
            await started.begin("nice", nice)
        yield started
    finally:
        started.end()


def ask(
    address: tuple[str, int], request: bytes, *, seconds: float = 1.5, connections: int = 20
) -> int:
    """Send a request over and over on some kept connections; how many were answered. All answers
    must be as long as the first."""
    poll = select.epoll()
    buffer = bytearray(2**20)
    socks = {}
    for _ in range(connections):
        sock = socket.create_connection(address)
        socks[sock.fileno()] = sock
        poll.register(sock.fileno(), select.EPOLLIN)
    first = next(iter(socks.values()))
    first.sendall(request)
    length = _length(first)
    missing = dict.fromkeys(socks, length)
    for sock in socks.values():
        sock.sendall(request)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for fd, _ in poll.poll(0.1):
            missing[fd] -= socks[fd].recv_into(buffer)
            if missing[fd] == 0:
                done += 1
                missing[fd] = length
                socks[fd].sendall(request)
            elif missing[fd] < 0:
                raise RuntimeError("an answer is longer than the first")
    for sock in socks.values():
        sock.close()
    poll.close()
    return done


def _length(sock: socket.socket) -> int:
    """Bytes of one whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
    while len(body) < length:
        body += sock.recv(2**20)
    return len(head) + 4 + length


def serve(connection: Connection) -> None:
    """The process: obey until the other end is gone."""
    crowd = Crowd(connection.poll)
    while True:
        try:
            name, args, options = connection.recv()
        except EOFError:
            return
        try:
            connection.send(getattr(crowd, name)(*args, **options))
        except Exception as error:  # noqa: BLE001 (it is raised on the other side)
            connection.send(error)


if __name__ == "__main__":
    raise_open_files()
    serve(Connection(int(sys.argv[1])))
