"""Run ASGI apps under uvicorn as part of a larger process: ports picked by the system, a word when they
are bound, signals handled by the process and not by the server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

BACKLOG = 65_535
"""Connections that wait to be accepted, as far as the kernel's `net.core.somaxconn` lets us."""
KEEP_ALIVE_SECONDS = 75.0
"""More than the 60 s after which proxies and load balancers end idle connections by default: who ends
one must be who sends on it, or a request meets a close and its client a 502."""


class EmbeddedServer(uvicorn.Server):
    """A server whose owner decides when it stops (`should_exit = True`)."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


SocketOption = tuple[int, int, int]
"""(level, name, value)."""


def bind(host: str, port: int, *options: SocketOption) -> socket.socket:
    """A listening socket; port 0 takes a free one. What is accepted inherits its options. Raises
    OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        for level, name, value in ((socket.SOL_SOCKET, socket.SO_REUSEADDR, 1), *options):
            listener.setsockopt(level, name, value)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def port_of(listener: socket.socket) -> int:
    """The port that a socket is bound to."""
    port: int = listener.getsockname()[1]
    return port


def address_of(listener: socket.socket) -> str:
    """`http://host:port` to reach it at from this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    """Wait until `server`, run by `task`, accepts; raises what the task raised where it does not."""
    while not server.started:
        done, _ = await asyncio.wait({task}, timeout=0.01)
        if done:
            task.result()
            raise RuntimeError("the server ended before it began")


def server_config(app: Any, **options: Any) -> uvicorn.Config:
    """How we run uvicorn: uvloop, httptools, our logging, no `Server` header."""
    return uvicorn.Config(
        app,
        **{
            "http": "httptools",
            "loop": "uvloop",
            "ws": "none",
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "proxy_headers": False,
            "backlog": BACKLOG,
            **options,
        },
    )


def on_stop_signals(callback: Callable[[signal.Signals], None]) -> None:
    """Call `callback` in the loop at SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, callback, number)
