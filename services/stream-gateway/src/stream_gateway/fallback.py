"""Fallback: a stream for connections that cannot be handed over, by sse-starlette's response.

Requests with a body, and servers other than ours. Slower and heavier, the same frames; the subscriber's
coding must be one without chunks, which the server makes itself where it wants them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from sse_starlette.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from stream_gateway.backlog import SLICE
from stream_gateway.clock import jittered_retry
from stream_gateway.hub import Hub
from stream_gateway.pulse import Pulse
from stream_gateway.subscriber import Subscriber


class QueueTransport:
    """Looks like a transport to a subscriber; what it writes comes out of an async iterator."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._waiting: list[bytes] = []
        self._size = 0
        self._more = asyncio.Event()
        self._closing = False
        self._paused = False

    def write(self, data: bytes | memoryview) -> None:
        """Queue; asks the subscriber to pause as a socket's transport would."""
        if self._closing:
            return
        self._waiting.append(bytes(data))
        self._size += len(data)
        self._more.set()
        if self._size > SLICE and not self._paused:
            self._paused = True
            self._subscriber.pause_writing()

    def close(self) -> None:
        """End after what is queued."""
        self._closing = True
        self._more.set()

    def abort(self) -> None:
        """End now."""
        self._waiting.clear()
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    async def content(self) -> AsyncIterator[bytes]:
        """What was written."""
        while True:
            await self._more.wait()
            self._more.clear()
            waiting, self._waiting, self._size = self._waiting, [], 0
            if waiting:
                yield b"".join(waiting)
            if self._paused:
                self._paused = False
                self._subscriber.resume_writing()
            if self._closing and not self._waiting:
                return


class OwnEnd(EventSourceResponse):
    """Ends when the hub ends it, as every stream does. The library's own watch for a shutdown would
    be a task that nobody owns and that outlives the response."""

    def __init__(
        self, content: AsyncIterator[bytes], ended: Callable[[], None], headers: dict[str, str]
    ) -> None:
        super().__init__(content, headers=headers, sep="\n", ping=0)
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        await asyncio.Event().wait()


def fallback_response(
    hub: Hub, pulse: Pulse, subscriber: Subscriber, headers: dict[str, str]
) -> OwnEnd:
    """The stream as a response of its own."""

    began = False

    async def content() -> AsyncIterator[bytes]:
        nonlocal began
        began = True
        transport = QueueTransport(subscriber)
        try:
            subscriber.attach(transport, paused=False, retry=jittered_retry())
            hub.admit(subscriber)
            pulse.watch(subscriber)
            async for data in transport.content():
                yield data
        finally:
            transport.close()
            subscriber.connection_lost(None)

    def ended() -> None:
        # A client that leaves with its head on the way is never asked for content.
        if not began:
            hub.dismiss(subscriber)

    response = OwnEnd(content(), ended, headers)
    # Whether the connection goes on is between the server and the client.
    del response.headers["connection"]
    return response
