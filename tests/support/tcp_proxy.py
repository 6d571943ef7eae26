"""A TCP proxy that can cut connections, slow them down, and hold back or swallow what is said."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Self

LOOPBACK = "127.0.0.1"


class TcpProxy:
    """Listens on a free port and forwards to `port`. While stalled, the server's bytes are held
    back: requests arrive, answers do not.

    `lose_requests`, `lose_answers`: bytes of that direction are lost and the connection stays, as
    behind a firewall that forgot it; end that by `cut`. `delay`: seconds that each piece takes.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._near: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hearing = asyncio.Event()
        self._hearing.set()
        self.lose_requests = False
        self.lose_answers = False
        self.delay = 0.0
        self._letting_in = asyncio.Event()
        self._letting_in.set()
        self.patient = False
        """Whether connections wait for a server that is down, instead of being refused."""
        self.swallowed = 0
        """Bytes held back or lost so far."""

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stall(self) -> None:
        """From now on no answer comes back."""
        self._hearing.clear()

    def resume(self) -> None:
        """What was held back goes on its way."""
        self._hearing.set()

    def cut(self) -> None:
        """Close all connections; what was held back is lost. New ones are let through."""
        self.lose_requests = self.lose_answers = False
        for link in self._links:
            link.transport.abort()
        self._hearing.set()

    def shut(self) -> None:
        """Close all connections, and let new ones wait until `open`."""
        self._letting_in.clear()
        self.cut()

    def open(self) -> None:
        """Let those in that wait."""
        self._letting_in.set()

    def say(self, words: bytes) -> None:
        """Something to every client that the server never said."""
        for writer in self._near:
            if not writer.is_closing():
                writer.write(words)

    def passing(self, *, answers: bool) -> Callable[[bytes], bytes]:
        """For a new connection and direction: what becomes of each piece of it."""
        return bytes

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._letting_in.wait()
            far_reader, far_writer = await self._connect(reader)
        except BaseException as error:
            writer.transport.abort()
            if not isinstance(error, OSError):
                raise
            return
        finally:
            self._tasks.discard(task)
        self._links |= {writer, far_writer}
        self._near.add(writer)
        for forwarding in (
            asyncio.create_task(self._forward(reader, far_writer, answers=False)),
            asyncio.create_task(self._forward(far_reader, writer, answers=True)),
        ):
            self._tasks.add(forwarding)
            forwarding.add_done_callback(self._tasks.discard)

    async def _connect(
        self, reader: asyncio.StreamReader
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            try:
                return await asyncio.open_connection(LOOPBACK, self._target)
            except OSError:
                if not self.patient or reader.at_eof():
                    raise
                await asyncio.sleep(0.02)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        passing = self.passing(answers=answers)
        with contextlib.suppress(OSError), contextlib.closing(writer):
            while data := await reader.read(65536):
                if answers and not self._hearing.is_set():
                    self.swallowed += len(data)
                    await self._hearing.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.lose_answers if answers else self.lose_requests:
                    self.swallowed += len(data)
                    continue
                writer.write(passing(data))
                await writer.drain()
        self._links.discard(writer)
        self._near.discard(writer)
