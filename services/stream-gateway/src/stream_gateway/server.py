"""Server: uvicorn with our protocol, on sockets that suit ten thousand slow readers."""

from __future__ import annotations

import functools
import socket
import sys

from starlette.types import ASGIApp

from holdfast.runtime.serve import EmbeddedServer, SocketOption, bind, server_config
from stream_gateway.config import Config
from stream_gateway.handover import HandoverProtocol
from stream_gateway.lobby import Lobby

SEND_BUFFER = 64 * 1024
"""Kernel bytes per client (doubled by Linux): a slow client must show early, not after megabytes."""
TICKS_PER_SWEEP = 5
SWEEP_SECONDS = 0.5
"""Uvicorn ticks ten times a second."""


class GatewayServer(EmbeddedServer):
    """A server that sweeps its lobby."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self.lobby = Lobby(
            seconds=config.request_seconds, limit=config.max_waiting, interval=SWEEP_SECONDS
        )
        super().__init__(
            server_config(
                app,
                http=functools.partial(HandoverProtocol, lobby=self.lobby),
                timeout_keep_alive=config.keep_alive_seconds,
                timeout_graceful_shutdown=max(1, round(config.drain_deadline_seconds)),
            )
        )

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn's own clock."""
        if counter % TICKS_PER_SWEEP == 0:
            self.lobby.sweep()
        return await super().on_tick(counter)


def listen(host: str, port: int, *, dead_peer_seconds: float = 30.0) -> socket.socket:
    """A listening socket; accepted ones inherit its options, which saves a call per client.

    `dead_peer_seconds`: how long what was sent may stay unacknowledged before the kernel gives the
    connection up. A peer that vanished is noticed so long after the next checkpoint.
    """
    options: list[SocketOption] = [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    ]
    if sys.platform == "linux":
        milliseconds = round(dead_peer_seconds * 1000)
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds))
    return bind(host, port, *options)
