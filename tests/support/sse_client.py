"""A client as a browser has it: reads Server-Sent Events, remembers the last id, keeps the state."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import msgspec

TIMEOUT = 20.0


class Received(NamedTuple):
    """One dispatched event. `id` is the field of this very frame, None where it had none."""

    event: str
    id: str | None
    data: Any


class SseParser:
    """Bytes to events by the rules of the WHATWG HTML standard, §9.2.6."""

    def __init__(self) -> None:
        self._buffer = b""
        self._event = ""
        self._id: str | None = None
        self._data: list[str] = []
        self.last_event_id = ""
        self.retry: int | None = None
        self.comments: list[str] = []

    def feed(self, data: bytes) -> list[Received]:
        """The events that are whole by now."""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        events = []
        for line in lines:
            assert b"\r" not in line, "LF only"
            received = self._line(line.decode())
            if received is not None:
                events.append(received)
        return events

    def _line(self, line: str) -> Received | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments.append(line[1:].strip())
            return None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                self._event = value
            case "data":
                self._data.append(value)
            case "id":
                self._id = value
            case "retry":
                self.retry = int(value)
            case _:
                raise AssertionError(f"unknown field: {line!r}")
        return None

    def _dispatch(self) -> Received | None:
        event, id_, data = self._event or "message", self._id, self._data
        self._event, self._id, self._data = "", None, []
        if id_ is not None:
            self.last_event_id = id_
        if not data:
            return None
        return Received(event, id_, msgspec.json.decode("\n".join(data)))


class Client:
    """One GET over a socket of its own, HTTP/1.1 with chunks; gzip where the headers ask for it."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.headers = headers or {}
        self.parser = SseParser()
        self.status = 0
        self.response_headers: dict[str, str] = {}
        self.events: list[Received] = []
        self.ended = asyncio.Event()
        self.clean_end = False
        """Whether the end was the last chunk, and not a cut."""
        self._news = asyncio.Condition()
        self._reads = asyncio.Event()
        self._gunzip: zlib._Decompress | None = None
        self._task: asyncio.Task[None] | None = None
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def open(self, *, read: bool = True) -> Self:
        """Connect, send the request, read the head; with `read`, the events as well."""
        parts = urlsplit(self.url)
        assert parts.hostname
        assert parts.port
        self.reader, self.writer = await asyncio.open_connection(parts.hostname, parts.port)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            async with asyncio.timeout(TIMEOUT):
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except BaseException:
            await self.close()
            raise
        status, *rest = head.strip().split("\r\n")
        self.status = int(status.split()[1])
        pairs = (line.split(": ", 1) for line in rest)
        self.response_headers = {name.lower(): value for name, value in pairs}
        if self.response_headers.get("content-encoding") == "gzip":
            self.gunzip()
        if read:
            self.start_reading()
        return self

    def start_reading(self) -> None:
        """Read until the end, or until told to stop."""
        self._reads.set()
        if self._task is None:
            self._task = asyncio.create_task(self._read())

    def stop_reading(self) -> None:
        """Take no further chunk; what comes stays where it is."""
        self._reads.clear()

    def gunzip(self) -> None:
        """The body is gzip; for whoever reads the head itself."""
        self._gunzip = zlib.decompressobj(31)

    async def close(self) -> None:
        """Close the connection; also where this is cancelled while it waits."""
        if hasattr(self, "writer"):
            self.writer.transport.abort()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def last(self) -> Received:
        """The newest event; an empty one before the first."""
        return self.events[-1] if self.events else Received("", None, {})

    @property
    def last_event_id(self) -> str:
        return self.parser.last_event_id

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was received makes it true."""
        async with asyncio.timeout(TIMEOUT), self._news:
            await self._news.wait_for(condition)

    async def more_or_end(self, number: int) -> None:
        """Wait for another event after the first `number`, or for the end."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.events) > number or self.ended.is_set())

    async def count(
        self, number: int, *, but: tuple[str, ...] = ("checkpoint", "viewers")
    ) -> list[Received]:
        """The first `number` events, without those named `but`."""
        await self.until(lambda: len(self.named(but)) >= number)
        return self.named(but)[:number]

    def named(self, but: tuple[str, ...] = ("checkpoint", "viewers")) -> list[Received]:
        """The events so far, without those named `but`."""
        return [event for event in self.events if event.event not in but]

    async def until_ended(self) -> None:
        """Wait for the end of the stream."""
        async with asyncio.timeout(TIMEOUT):
            await self.ended.wait()

    async def _read(self) -> None:
        try:
            while True:
                await self._reads.wait()
                size = int((await self.reader.readuntil(b"\r\n")).strip(), 16)
                data = (await self.reader.readexactly(size + 2))[:-2]
                if size == 0:
                    self.clean_end = True
                    return
                if self._gunzip is not None:
                    data = self._gunzip.decompress(data)
                events = self.parser.feed(data)
                async with self._news:
                    self.events += events
                    self._news.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended.set()
            async with self._news:
                self._news.notify_all()


class View:
    """State of channels built from a client's events, checked for holes and doubles on the way."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.sections: dict[str, dict[str, Any]] = {}
        self.private: list[int] = []
        self.snapshots = 0
        self.resets: list[str] = []
        self.layouts = 0

    def take(self, received: Received) -> None:
        """The next event; AssertionError at a hole or a double."""
        data = received.data
        match received.event:
            case "snapshot":
                self.snapshots += 1
                self.versions[data["channel"]] = data["version"]
                shown = {section["sectionId"]: section["state"] for section in data["sections"]}
                if data.get("partial"):
                    self.sections[data["channel"]] |= shown
                else:
                    self.sections[data["channel"]] = shown
            case "availability.updated" | "layout.updated":
                channel = data["channel"]
                known = self.versions.get(channel)
                if known is not None:
                    assert data["version"] == known + 1, (channel, known, data["version"])
                self.versions[channel] = data["version"]
                if received.event == "layout.updated":
                    self.layouts += 1
                elif channel in self.sections:
                    before = self.sections[channel].get(data["sectionId"])
                    assert before in (None, data["previousState"]), (before, data)
                    self.sections[channel][data["sectionId"]] = data["newState"]
            case "customer.updated":
                assert data["revision"] not in self.private
                self.private.append(data["revision"])
            case "reset":
                self.resets.append(data["reason"])
                self.versions.clear()
                self.sections.clear()
            case "checkpoint" | "reauth" | "viewers":
                pass
            case other:
                raise AssertionError(f"unknown event {other}")


class EventSource:
    """Connects again and again, as a browser does, and shows every event to a View.

    `url` is asked before each connection. Comes back soon and not only after `retry`.
    """

    PAUSE = 0.05

    def __init__(self, url: Callable[[], str]) -> None:
        self.view = View()
        self.connections = 0
        self.last_event_id = ""
        self._url = url
        self._task = asyncio.create_task(self._run())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop; raises what was wrong with an event."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def until(self, condition: Callable[[View], bool]) -> None:
        """Wait until the view makes it true; raises what was wrong with an event."""
        async with asyncio.timeout(TIMEOUT):
            while not condition(self.view):
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.01)

    async def _run(self) -> None:
        while True:
            client = Client(
                self._url(), {"Last-Event-ID": self.last_event_id} if self.last_event_id else {}
            )
            try:
                await client.open()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(self.PAUSE)
                continue
            self.connections += 1
            try:
                await self._read(client)
            finally:
                await client.close()
            self.last_event_id = client.last_event_id or self.last_event_id
            await asyncio.sleep(self.PAUSE)

    async def _read(self, client: Client) -> None:
        taken = 0
        while not client.ended.is_set() or taken < len(client.events):
            await client.more_or_end(taken)
            for event in client.events[taken:]:
                taken += 1
                self.view.take(event)
