"""The floor: one `send` system call per client and event, and nothing else.

Run as a process by the benches, to say how near to the kernel's own cost the gateway is on
the machine and in the minute of the run.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys

import uvloop
from nats.aio.msg import Msg
from tests.bench.gateway.feeds import NAME, as_chunk

from holdfast.runtime.nats import connect_nats
from holdfast.runtime.serve import address_of
from stream_gateway.frames import decode_change, encode_body, public_body
from stream_gateway.server import listen

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


async def serve() -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    clients: list[socket.socket] = []

    async def receive(message: Msg) -> None:
        body = public_body(decode_change(message.data))
        frame = as_chunk(b"id: aaaaaaaaaa-1\n" + encode_body(NAME, body))
        for client in clients:
            try:
                client.send(frame)
            except OSError:
                clients.remove(client)
                break

    nc = await connect_nats(os.environ["HOLDFAST_NATS_URL"], "bare-send")
    await nc.subscribe("availability.v1.>", cb=receive)
    listener = listen("127.0.0.1", 0)
    listener.listen(4096)
    sys.stdout.write(f"stream-gateway listening on {address_of(listener)}\n")
    sys.stdout.flush()
    while True:
        client, _ = await loop.sock_accept(listener)
        client.setblocking(False)
        await loop.sock_recv(client, 4096)
        client.send(HEAD + as_chunk(b"event: snapshot\ndata: {}\n\n"))
        clients.append(client)


if __name__ == "__main__":
    uvloop.run(serve())
