"""Server: uvicorn with our protocol, our signals and sockets bound beforehand."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from stream_gateway.handover import HandoverProtocol

BACKLOG = 4096
SEND_BUFFER = 64 * 1024
"""Kernel bytes per client (doubled by Linux): a slow client must show early, not after megabytes."""
DEAD_PEER_MS = 30_000
"""How long unacknowledged data may wait before the kernel gives the connection up."""


class Server(uvicorn.Server):
    """A server whose end is ours to order: `should_exit`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone; uvicorn's handlers would skip the drain."""
        yield


def make_server(app: ASGIApp, *, shutdown_seconds: float = 5.0) -> Server:
    """A server for `app`, to be run with `serve(sockets=[…])`."""
    config: dict[str, Any] = {
        "http": HandoverProtocol,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "backlog": BACKLOG,
        "timeout_graceful_shutdown": max(1, round(shutdown_seconds)),
    }
    return Server(uvicorn.Config(app, **config))


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; accepted ones inherit its options, which saves a call per client."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sys.platform == "linux":
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
        listener.bind((host, port))
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def address(listener: socket.socket) -> str:
    """`http://host:port` to reach it at from this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
