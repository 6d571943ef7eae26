"""Fan-out of the gateway against a generator per client and a bare send loop, in one run.

    python tests/bench/gateway_fanout.py [--clients 1000] [--idle 5000]

Each side is a process of its own on uvloop and httptools, fed by the same NATS; the clients are in
another process that only counts bytes. Printed are deliveries per CPU-second of the server,
commit to client at 200 events a second, memory per idle client, joins and 304s a second, and the
ratios between the two sides.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from holdfast.contracts.states import Role
from holdfast.contracts.subjects import availability_subject
from holdfast.runtime.auth import issue_token
from holdfast_dev.nats import EmbeddedNats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.live_publisher import CHANNEL, LivePublisher, live_publisher
from tests.support.services import SECRET, Service, start

PATH = f"/v1/stream?channel={CHANNEL.name}"
SIDES = {
    "gateway": "stream_gateway",
    "generator": "tests.bench.generator_per_client",
    "bare send": "tests.bench.bare_send",
}
IDLE_BUDGET = 4.0
"""KiB of process memory."""
PACED = 200
"""Events a second for the latency."""
EVENT_MARK = b"event: availability.updated"


class Crowd(asyncio.Protocol):
    """One client that counts events and, where asked, notes when each came."""

    total = 0
    ready = 0
    timed: list[Crowd] = []  # noqa: RUF012 (all of them, on purpose)

    def __init__(self, request: bytes, *, timed: bool) -> None:
        self._request = request
        self._timed = timed
        self._ready = False
        self.times: list[float] = []
        if timed:
            Crowd.timed.append(self)

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._ready and b"event: " in data:
            self._ready = True
            Crowd.ready += 1
        events = data.count(EVENT_MARK)
        if events:
            Crowd.total += events
            if self._timed:
                self.times += [time.time()] * events


async def connect(url: str, number: int, *, timed_every: int = 0) -> list[Any]:
    """`number` streams, all past their snapshot."""
    host, port = url.removeprefix("http://").split(":")
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    transports: list[Any] = []
    wanted = Crowd.ready + number
    for first in range(0, number, 200):
        made = await asyncio.gather(
            *(
                loop.create_connection(
                    lambda n=n: Crowd(  # type: ignore[misc]
                        request, timed=bool(timed_every) and n % timed_every == 0
                    ),
                    host,
                    int(port),
                )
                for n in range(first, min(first + 200, number))
            )
        )
        transports += [transport for transport, _ in made]
    async with asyncio.timeout(120):
        while Crowd.ready < wanted:
            await asyncio.sleep(0.01)
    return transports


class Burst:
    """Publishes without waiting for acks."""

    def __init__(self, publisher: LivePublisher) -> None:
        self._publisher = publisher
        self._sent = publisher.truth().version

    async def send(self, number: int) -> None:
        for _ in range(number):
            data, headers = self._publisher.encoded(self._publisher.commit())
            await self._publisher.nc.publish(availability_subject(CHANNEL), data, headers=headers)
        self._publisher.truth().published = self._publisher.truth().version
        await self._publisher.nc.flush()


def cpu_of(pid: int) -> float:
    """Seconds of both kinds that a process has used (proc(5), `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> int:
    """Resident bytes of a process (proc(5), `statm`)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def until_total(total: int, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while Crowd.total < total:
            await asyncio.sleep(0.005)


async def measure(service: Service, publisher: LivePublisher, clients: int) -> dict[str, float]:
    """Everything about one side."""
    pid = service.process.pid
    burst = Burst(publisher)
    found: dict[str, float] = {}
    before = memory_of(pid)
    started, cpu = time.perf_counter(), cpu_of(pid)
    transports = await connect(service.url, clients, timed_every=10)
    found["joins per CPU-second"] = clients / (cpu_of(pid) - cpu)
    found["joins/s"] = clients / (time.perf_counter() - started)
    found["KiB per client after joining"] = (memory_of(pid) - before) / clients / 1024

    # One at a time: nothing to coalesce.
    number = 200
    total, cpu = Crowd.total, cpu_of(pid)
    for step in range(1, number + 1):
        await burst.send(1)
        await until_total(total + step * clients)
    found["deliveries per CPU-second, uncoalesced"] = number * clients / (cpu_of(pid) - cpu)

    latencies = await paced(burst, clients)
    found["publish to client p50 ms"] = statistics.median(latencies) * 1000
    found["publish to client p99 ms"] = latencies[int(len(latencies) * 0.99)] * 1000

    total, cpu = Crowd.total, cpu_of(pid)
    for _ in range(30):
        await burst.send(60)
        await until_total(total + 60 * clients)
        total += 60 * clients
    found["deliveries per CPU-second, bursts of 60"] = 30 * 60 * clients / (cpu_of(pid) - cpu)
    for transport in transports:
        transport.abort()
    Crowd.timed.clear()
    await asyncio.sleep(0.5)
    return found


async def paced(burst: Burst, clients: int, number: int = 600) -> list[float]:
    """Seconds from publish to client, sorted, at 200 events a second."""
    for client in Crowd.timed:
        client.times.clear()
    total = Crowd.total
    published: list[float] = []
    started = time.time()
    for step in range(number):
        await asyncio.sleep(max(0.0, started + step / PACED - time.time()))
        published.append(time.time())
        await burst.send(1)
    await until_total(total + number * clients)
    return sorted(
        moment - at
        for client in Crowd.timed
        for at, moment in zip(published, client.times, strict=True)
    )


async def idle_memory(service: Service, clients: int) -> float:
    """KiB per client that only waits."""
    pid = service.process.pid
    warm = await connect(service.url, 200)
    before = memory_of(pid)
    transports = await connect(service.url, clients)
    used = memory_of(pid) - before
    for transport in warm + transports:
        transport.abort()
    await asyncio.sleep(0.5)
    return used / clients / 1024


async def requests(service: Service, headers: str, seconds: float = 3.0) -> float:
    """GETs of the snapshot per CPU-second, on 20 kept connections."""
    host, port = service.url.removeprefix("http://").split(":")
    path = (
        f"/v1/clubs/{CHANNEL.club}/venues/{CHANNEL.venue}/availability"
        f"?date={CHANNEL.date}&slotId={CHANNEL.slot}"
    )
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()
    done = 0
    end = time.perf_counter() + seconds

    async def ask() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**22)
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            done += 1
        writer.close()

    cpu = cpu_of(service.process.pid)
    await asyncio.gather(*(ask() for _ in range(20)))
    return done / (cpu_of(service.process.pid) - cpu)


@asynccontextmanager
async def side(module: str, nats_url: str, folder: Path) -> AsyncIterator[Service]:
    environ = {
        "HOLDFAST_NATS_URL": nats_url,
        "HOLDFAST_JWT_SECRET": SECRET,
        "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        "HOLDFAST_STREAM_GATEWAY_PORT": "0",
        "HOLDFAST_LOG_LEVEL": "warning",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    service = await start(module, folder / f"{module}.log", environ)
    try:
        await asyncio.sleep(1)
        yield service
    finally:
        await service.kill()


async def run(clients: int, idle: int, sides: list[str]) -> dict[str, dict[str, float]]:
    """Both sides, one after the other."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    results: dict[str, dict[str, float]] = {}
    async with (
        EmbeddedNats(folder / "nats", sync_interval="2m") as nats,
        live_publisher(nats.url) as publisher,
    ):
        await publisher.publish()
        for name in sides:
            async with side(SIDES[name], nats.url, folder) as service:
                results[name] = await measure(service, publisher, clients)
        async with side("stream_gateway", nats.url, folder) as service:
            results["gateway"]["KiB per idle client"] = await idle_memory(service, idle)
            etag = f'If-None-Match: W/"{publisher.epoch}-{publisher.truth().version}-1-p"\r\n'
            results["gateway"]["304s per CPU-second"] = await requests(service, etag)
            token = issue_token(SECRET, role=Role.CUSTOMER, subject="cus_1")
            bearer = f"Authorization: Bearer {token}\r\n"
            results["gateway"]["snapshots per CPU-second"] = await requests(service, bearer)
    return results


def report(results: dict[str, dict[str, float]]) -> None:
    """The figures side by side."""
    print("\n" + f"{'':42}" + "".join(f"{name:>14}" for name in results))
    for name in results["gateway"]:
        values = (side.get(name) for side in results.values())
        print(f"{name:42}" + "".join("" if v is None else f"{v:14,.1f}" for v in values))
    name = "deliveries per CPU-second, uncoalesced"
    ours = results["gateway"][name]
    for other in list(results)[1:]:
        print(f"{name}: {ours / results[other][name]:.2f} × {other}")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 where a budget that holds on any machine is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--idle", type=int, default=5000)
    parser.add_argument("--alone", action="store_true", help="only the gateway")
    options = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    results = uvloop.run(
        run(options.clients, options.idle, list(SIDES)[: 1 if options.alone else None])
    )
    report(results)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return 0 if results["gateway"]["KiB per idle client"] <= IDLE_BUDGET else 1


if __name__ == "__main__":
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores")
    sys.exit(main())
