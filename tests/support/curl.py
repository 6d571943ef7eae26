"""curl for tests: one stream read by a client that speaks every version of HTTP."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.support.sse_client import TIMEOUT, Received, SseParser


class CurlStream:
    """What a curl that runs has received: the head, then events."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.parser = SseParser()
        self.events: list[Received] = []
        self.protocol = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.ended = asyncio.Event()
        self._news = asyncio.Condition()

    async def read(self) -> None:
        """Read to the end."""
        stdout = self.process.stdout
        assert stdout is not None
        try:
            head = (await stdout.readuntil(b"\r\n\r\n")).decode()
            status, *rest = head.strip().split("\r\n")
            self.protocol, self.status = status.split()[0], int(status.split()[1])
            self.headers = dict(line.lower().split(": ", 1) for line in rest)
            while data := await stdout.read(65536):
                events = self.parser.feed(data)
                async with self._news:
                    self.events += events
                    self._news.notify_all()
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.ended.set()
            async with self._news:
                self._news.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was received makes it true."""
        async with asyncio.timeout(TIMEOUT), self._news:
            await self._news.wait_for(lambda: condition() or self.ended.is_set())
        assert condition(), f"curl ended with {self.status} and {len(self.events)} events"

    def named(self, name: str) -> list[Received]:
        """The events of that name so far."""
        return [each for each in self.events if each.event == name]

    async def event(self, name: str, version: int) -> Received:
        """The event of that name and version, as soon as it is here."""

        def found() -> list[Received]:
            return [each for each in self.named(name) if each.data["version"] == version]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def until_ended(self) -> int:
        """The exit status, once it has ended by itself."""
        async with asyncio.timeout(TIMEOUT):
            await self.ended.wait()
            return await self.process.wait()


@asynccontextmanager
async def curl_stream(url: str, *options: str, **headers: str) -> AsyncIterator[CurlStream]:
    """A stream read by curl with `options`; certificates of the test's own are believed."""
    if shutil.which("curl") is None:
        pytest.fail("no curl on this machine; on Debian: apt-get install curl", pytrace=False)
    told = [
        part
        for name, value in {"accept": "text/event-stream", **headers}.items()
        for part in ("-H", f"{name.replace('_', '-')}: {value}")
    ]
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--no-buffer", "--insecure", "--include", "--noproxy", "*"),
        *(*options, *told, url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    stream = CurlStream(process)
    reading = asyncio.create_task(stream.read())
    try:
        yield stream
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
