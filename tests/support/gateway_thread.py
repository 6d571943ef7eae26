"""A gateway in a thread of its own, on an event loop of the test's choice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import uvloop
from tests.support.until import until

from stream_gateway.app import Gateway
from stream_gateway.config import Config

T = TypeVar("T")
LOOPS = ("uvloop", "asyncio", "asyncio debug")


class GatewayThread:
    """`call` runs something in the gateway's loop; counts may be read from anywhere."""

    def __init__(self, config: Config, loop: str) -> None:
        self.gateway: Gateway
        self._config = config
        self._runner = asyncio.Runner(
            loop_factory=uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop,
            debug=loop.endswith("debug"),
        )
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"gateway on {loop}")

    async def call(self, what: Callable[[], T]) -> T:
        """The result of `what`, called in the gateway's loop."""

        async def there() -> T:
            return what()

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), self._loop))

    async def __aenter__(self) -> GatewayThread:
        self._thread.start()
        await asyncio.to_thread(self._up.wait)
        await until(lambda: self.gateway.feed.caught_up and self.gateway.venues.loaded)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with self._runner as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        # A slow machine is no fault: debug mode complains about steps beyond so many seconds.
        self._loop.slow_callback_duration = 60
        self._end = asyncio.Event()
        self.gateway = Gateway(self._config)
        await self.gateway.start()
        self._up.set()
        await self._end.wait()
        await self.gateway.stop()
