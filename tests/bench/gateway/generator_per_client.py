"""The usual way, to compare with: sse-starlette, a generator and a queue per client.

Run as a process by the benches; serves `/v1/stream` from `LIVE`, without replay, fences or
snapshots beyond a first event.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from nats.aio.msg import Msg
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from holdfast.runtime.nats import connect_nats
from holdfast.runtime.serve import address_of
from stream_gateway.frames import decode_change, public_body
from stream_gateway.server import listen


async def serve() -> None:
    """Until killed."""
    queues: set[asyncio.Queue[str]] = set()

    async def receive(message: Msg) -> None:
        text = public_body(decode_change(message.data)).decode()
        for queue in queues:
            queue.put_nowait(text)

    async def stream(_request: Request) -> EventSourceResponse:
        async def events() -> AsyncIterator[ServerSentEvent]:
            queue: asyncio.Queue[str] = asyncio.Queue()
            queues.add(queue)
            try:
                yield ServerSentEvent("{}", event="snapshot", sep="\n")
                while True:
                    yield ServerSentEvent(
                        await queue.get(), event="availability.updated", id="a-1", sep="\n"
                    )
            finally:
                queues.discard(queue)

        return EventSourceResponse(events(), sep="\n", ping=3600)

    nc = await connect_nats(os.environ["HOLDFAST_NATS_URL"], "generator-per-client")
    await nc.subscribe("availability.v1.>", cb=receive)
    listener = listen("127.0.0.1", 0)
    app = Starlette(routes=[Route("/v1/stream", stream)])
    config = uvicorn.Config(app, http="httptools", log_config=None, access_log=False, backlog=4096)
    sys.stdout.write(f"stream-gateway listening on {address_of(listener)}\n")
    sys.stdout.flush()
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(serve())
