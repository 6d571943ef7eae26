"""Thousands of clients in one process that do as they are told: when their stream ends they come back
after the `retry` they were given, and notice a hole or a double."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tests.support.sse_client import Received
from tests.support.wire import Wire, connect

OPEN_AT_ONCE = 100


class Bird:
    """One client of one channel."""

    def __init__(self, flock: Flock) -> None:
        self.version: int | None = None
        self.retries: list[int] = []
        self.wire: Wire | None = None
        self._flock = flock
        self._last_id = ""
        self._returning: asyncio.Task[None] | None = None

    async def fly(self) -> None:
        """Connect to where the flock is going."""
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        self.wire = await connect(self._flock.url(), headers, self._take, self._notify)

    def _take(self, received: Received) -> None:
        if received.event == "snapshot":
            assert self.version is None, "a second snapshot"
            self.version = received.data["version"]
        elif received.event == "availability.updated":
            assert self.version is not None
            assert received.data["version"] == self.version + 1, (self.version, received.data)
            self.version = received.data["version"]
        else:
            assert received.event == "checkpoint", received
        self._last_id = received.id or self._last_id

    def _notify(self) -> None:
        wire = self.wire
        if wire is None or self._flock.closed:
            return
        if wire.error is not None:
            self._flock.errors.append(wire.error)
        elif wire.ended and self._returning is None:
            self._flock.ends.append(time.monotonic())
            if not wire.clean_end:
                self._flock.errors.append(AssertionError("a stream was cut"))
            self.retries.append(wire.parser.retry or 0)
            self._returning = asyncio.create_task(self._return(self.retries[-1] / 1000))

    async def _return(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._flock.returns.append(time.monotonic())
        try:
            await self.fly()
        except OSError as error:
            self._flock.errors.append(error)
        self._returning = None

    async def land(self) -> None:
        """Close."""
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.wait((self._returning,))
        if self.wire is not None:
            self.wire.cut()


class Flock:
    """`url` is asked before each connection. `lag` is how long this process itself was late at
    most, which is no fault of a gateway."""

    def __init__(self, url: Callable[[], str], number: int) -> None:
        self.url = url
        self.birds = [Bird(self) for _ in range(number)]
        self.errors: list[BaseException] = []
        self.ends: list[float] = []
        self.returns: list[float] = []
        self.lag = 0.0
        self.closed = False

    async def __aenter__(self) -> Flock:
        for at in range(0, len(self.birds), OPEN_AT_ONCE):
            await asyncio.gather(*(bird.fly() for bird in self.birds[at : at + OPEN_AT_ONCE]))
        self._watching = asyncio.create_task(self._watch())
        await self.until(lambda bird: bird.version is not None)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.closed = True
        self._watching.cancel()
        await asyncio.wait((self._watching,))
        for bird in self.birds:
            await bird.land()

    async def until(self, condition: Callable[[Bird], bool], seconds: float = 60) -> None:
        """Wait until it is true of each; raises what went wrong with one."""
        async with asyncio.timeout(seconds):
            for bird in self.birds:
                while not condition(bird):
                    if self.errors:
                        raise self.errors[0]
                    await asyncio.sleep(0.02)

    async def _watch(self) -> None:
        self.lag = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.lag = max(self.lag, time.monotonic() - before - 0.01)


def most_within(moments: list[float], seconds: float) -> int:
    """How many fall into the fullest stretch of so many seconds."""
    moments = sorted(moments)
    first = most = 0
    for at, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, at - first + 1)
    return most
