"""Server: uvicorn with our protocol, on sockets that suit ten thousand slow readers."""

from __future__ import annotations

import socket
import sys

from starlette.types import ASGIApp

from holdfast.runtime.serve import EmbeddedServer, SocketOption, bind, server_config
from stream_gateway.handover import HandoverProtocol

SEND_BUFFER = 64 * 1024
"""Kernel bytes per client (doubled by Linux): a slow client must show early, not after megabytes."""
DEAD_PEER_MS = 30_000
"""How long unacknowledged data may wait before the kernel gives the connection up."""


def make_server(app: ASGIApp, *, shutdown_seconds: float = 5.0) -> EmbeddedServer:
    """A server for `app`, to be run with `serve(sockets=[…])`."""
    seconds = max(1, round(shutdown_seconds))
    return EmbeddedServer(
        server_config(app, http=HandoverProtocol, timeout_graceful_shutdown=seconds)
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; accepted ones inherit its options, which saves a call per client."""
    options: list[SocketOption] = [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    ]
    if sys.platform == "linux":
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS))
    return bind(host, port, *options)
