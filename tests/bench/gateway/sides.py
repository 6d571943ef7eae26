"""Sides: the gateway and what it is compared with, each a server of its own on the server's core."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.gateway.feeds import ControlFeed, Feed, NatsFeed, PostFeed, keep_snapshot
from tests.bench.gateway.load import Load
from tests.bench.gateway.machine import children, cores, on_core
from tests.support.live_publisher import CHANNEL, LivePublisher
from tests.support.services import SECRET, Service, start

from holdfast_dev.ports import ReservedPort

ROOT = Path(__file__).resolve().parents[3]
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
SNAPSHOT = b"event: snapshot"
STREAM = f"/v1/stream?channel={CHANNEL.name}"


class Missing(Exception):
    """Why a side is left out, and how to get it."""


@dataclass
class Side:
    """A server under measurement. `request` opens a stream, which is live from `mark` on."""

    address: tuple[str, int]
    pids: list[int]
    feed: Feed
    request: bytes
    mark: bytes = SNAPSHOT
    counts_writes: bool = True
    service: Service | None = None


@dataclass
class Surroundings:
    """What every side is started with."""

    publisher: LivePublisher
    nats_url: str
    folder: Path


Starter = Callable[[Surroundings], AbstractAsyncContextManager[Side]]


def get(path: str, *headers: str) -> bytes:
    """A GET for a stream."""
    lines = [f"GET {path} HTTP/1.1", "Host: bench", "Accept: text/event-stream", *headers, "", ""]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def service(
    around: Surroundings, module: str = "stream_gateway", **settings: str
) -> AsyncIterator[Service]:
    """One of the Python servers, alone on its core."""
    environ = {
        "HOLDFAST_NATS_URL": around.nats_url,
        "HOLDFAST_JWT_SECRET": SECRET,
        "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        "HOLDFAST_STREAM_GATEWAY_PORT": "0",
        "HOLDFAST_ADMIN_PORT": "0",
        "HOLDFAST_LOG_LEVEL": "warning",
        # all clients are one address, one club, and often one user
        "HOLDFAST_MAX_CLIENTS_PER_ADDRESS": "100000",
        "HOLDFAST_MAX_CLIENTS_PER_USER": "100000",
        "HOLDFAST_MAX_CLIENTS_PER_CLUB": "100000",
        "HOLDFAST_MAX_WAITING": "100000",
        "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
        **settings,
    }
    with on_core(cores().server):
        started = await start(module, around.folder / f"{module}.log", environ)
    try:
        await asyncio.sleep(1)  # it listens before it has the stream
        yield started
    finally:
        await started.kill()


def address_of(started: Service) -> tuple[str, int]:
    """Where it listens."""
    parts = urlsplit(started.url)
    return str(parts.hostname), int(parts.port or 80)


@asynccontextmanager
async def python_side(
    around: Surroundings,
    *,
    module: str = "stream_gateway",
    headers: tuple[str, ...] = (),
    counts_writes: bool = True,
) -> AsyncIterator[Side]:
    """A server that is fed by NATS."""
    await keep_snapshot(around.publisher)
    async with service(around, module) as started:
        yield Side(
            address_of(started),
            [started.process.pid],
            NatsFeed(around.publisher),
            get(STREAM, *headers),
            counts_writes=counts_writes,
            service=started,
        )


@asynccontextmanager
async def _process(*command: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as stderr, on_core(cores().server):
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def bare_c(around: Surroundings) -> AsyncIterator[Side]:
    """`bare_send.c`, compiled here."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Missing("there is no C compiler; on Debian and Ubuntu: apt install gcc libc6-dev")
    program, source = around.folder / "bare_send", Path(__file__).with_name("bare_send.c")
    made = await asyncio.create_subprocess_exec(compiler, "-O2", "-o", program, source)
    if await made.wait():
        raise Missing("bare_send.c does not compile here; it wants Linux, gcc and libc6-dev")
    async with _process(str(program), log=around.folder / "bare_send.log") as process:
        assert process.stdout is not None
        parts = urlsplit((await process.stdout.readline()).split()[-1].decode())
        address = (str(parts.hostname), int(parts.port or 0))
        _, writer = await asyncio.open_connection(*address)
        feed = ControlFeed(writer, lambda version: b"aaaaaaaaaa-%d" % version)
        yield Side(address, [process.pid], feed, get("/"), counts_writes=False)
        feed.close()


NGINX = """\
load_module {module};
worker_processes 1;
worker_rlimit_nofile 65536;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 40000; use epoll; multi_accept on; }}
http {{
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  nchan_shared_memory_size 256M;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /pub {{
      nchan_publisher http;
      nchan_channel_id hot;
      nchan_message_buffer_length 4000;
      nchan_message_timeout 10m;
    }}
    location = /sub {{
      nchan_subscriber eventsource;
      nchan_channel_id hot;
      nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval 0;
      nchan_subscriber_timeout 0;
    }}
  }}
}}
"""
"""As good for nchan as we know how: one worker (nothing passes between workers), no log, all accepted
at once, POST bodies and messages in memory, a buffer longer than any burst, no pings."""


@asynccontextmanager
async def nchan(around: Surroundings) -> AsyncIterator[Side]:
    """The module nchan in nginx, one worker, fed by HTTP."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None or not NCHAN_MODULE.exists():
        raise Missing("there is no nginx with nchan; on Debian: apt install libnginx-mod-nchan")
    folder = around.folder / "nchan"
    folder.mkdir(exist_ok=True)
    reserved = ReservedPort(None)
    reserved.take()
    port = reserved.number
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(module=NCHAN_MODULE, folder=folder, port=port))
    command = (program, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log"))
    try:
        async with _process(*command, log=folder / "output.log") as process:
            reader, writer = await _connected(port)
            feed = PostFeed(reader, writer)
            pids = [process.pid, *children(process.pid)]
            yield Side(("127.0.0.1", port), pids, feed, get("/sub"), mark=b": hi")
            feed.close()
    finally:
        reserved.release()


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)


GATEWAY, GZIP, NCHAN, BARE_C = "gateway", "gateway, gzip", "nchan", "bare C send"
BARE_PYTHON, GENERATOR = "bare Python send", "generator"
SIDES: dict[str, Starter] = {
    GATEWAY: python_side,
    GZIP: partial(python_side, headers=("Accept-Encoding: gzip",)),
    NCHAN: nchan,
    BARE_C: bare_c,
    BARE_PYTHON: partial(python_side, module="tests.bench.gateway.bare_send", counts_writes=False),
    GENERATOR: partial(python_side, module="tests.bench.gateway.generator_per_client"),
}


async def supported(name: str, side: Side, crowd: Load) -> None:
    """Whether the side does what its name says; raises Missing."""
    if name == GZIP:
        await crowd.join(side.address, [side.request], b"", decode_every=1)
        heads = await crowd.begin("heads")
        await crowd.close()
        if b"content-encoding: gzip" not in heads[0].lower():
            raise Missing("this gateway's streams are not compressed")
