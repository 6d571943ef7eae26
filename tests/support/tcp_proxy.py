"""A TCP proxy that can cut connections and swallow what the server says."""

import asyncio
import contextlib
from typing import Self

LOOPBACK = "127.0.0.1"


class TcpProxy:
    """Listens on a free port and forwards to `port`. While stalled, the server's bytes are held
    back: requests arrive, answers do not."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hearing = asyncio.Event()
        self._hearing.set()
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
        for link in self._links:
            link.transport.abort()
        self._hearing.set()

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
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._links |= {writer, far_writer}
        for task in (
            asyncio.create_task(self._forward(reader, far_writer, answers=False)),
            asyncio.create_task(self._forward(far_reader, writer, answers=True)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if answers and not self._hearing.is_set():
                    self.swallowed += len(data)
                    await self._hearing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        self._links.discard(writer)
