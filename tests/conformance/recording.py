"""What a client has told its user so far, and the ways in which the clients tell it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from httpx_sse._decoders import SSEDecoder
from playwright.async_api import Page

TIMEOUT = 30.0
GLANCE = 0.01
"""Seconds between two looks into a page."""


class Told(NamedTuple):
    """One event as the client's user gets it."""

    event: str
    id: str
    data: str

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.data)
        return body


class Recording:
    """Everything that one client told, but checkpoints: how many there are depends on the time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[Told] = []
        self._news = asyncio.Event()
        self.end: asyncio.Future[None] | None = None
        """What makes the recording; it must not end before the test does."""

    def tell(self, event: str, id: str, data: str) -> None:  # noqa: A002 (the field's name)
        """The client's user hears of an event."""
        if event != "checkpoint":
            self.events.append(Told(event, id, data))
            self._news.set()

    @property
    def version(self) -> int:
        """The newest one seen, -1 before the snapshot."""
        return self.events[-1].body.get("version", -1) if self.events else -1

    async def until(self, condition: Callable[[Recording], bool]) -> None:
        """Wait until what was told makes it true; raises what ended the client."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not condition(self):
                    self._news.clear()
                    news = asyncio.ensure_future(self._news.wait())
                    waits: list[asyncio.Future[Any]] = [news]
                    if self.end is not None:
                        waits.append(self.end)
                    try:
                        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        news.cancel()
                    if self.end is not None and self.end.done():
                        self.end.result()
                        raise AssertionError(f"{self.name} ended by itself")
        except TimeoutError:
            raise AssertionError(
                f"{self.name} waits; {len(self.events)} events, {self.events[-2:]}"
            ) from None


async def those_at(clients: list[Recording], version: int) -> list[Recording]:
    """The clients that get there; one that does not fails its own tests and no other's."""
    waits = (it.until(lambda it: it.version >= version) for it in clients)
    ends = await asyncio.gather(*waits, return_exceptions=True)
    return [it for it, end in zip(clients, ends, strict=True) if end is None]


@asynccontextmanager
async def recorded(
    name: str, run: Callable[[Recording], Awaitable[None]]
) -> AsyncIterator[Recording]:
    """A recording that `run` makes, until the block ends."""
    recording = Recording(name)
    task = asyncio.ensure_future(run(recording))
    recording.end = task
    try:
        yield recording
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def read_json(recording: Recording, argv: list[str]) -> None:
    """A program that prints a line `[event, id, data]` for each event."""
    async for line in _lines_of(argv):
        recording.tell(*json.loads(line))


async def read_frames(recording: Recording, argv: list[str]) -> None:
    """A program that prints the frames of a stream, whole ones only."""
    decoder = SSEDecoder()
    async for line in _lines_of(argv):
        event = decoder.decode(line.decode().removesuffix("\n"))
        if event is not None and event.data:
            recording.tell(event.event, event.id, event.data)


async def _lines_of(argv: list[str]) -> AsyncIterator[bytes]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            yield line
        raise AssertionError(f"{argv[:2]} ended with {await process.wait()}")
    finally:
        # The program and what it started: a shell has its curl.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def read_page(recording: Recording, page: Page, client: str, url: str) -> None:
    """A function of `programs/in_page.js`."""
    await page.evaluate(
        """async ([client, url]) => {
            window.told = [];
            const clients = await import('/conformance/in_page.js');
            await clients[client](url, (...event) => window.told.push(event));
        }""",
        [client, url],
    )
    while True:
        for event in await page.evaluate("window.told.splice(0)"):
            recording.tell(*event)
        await asyncio.sleep(GLANCE)
