"""Measures: what is asked of every side in the same way, each bounded in events and seconds."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import NamedTuple

import httpx
from tests.bench.gateway.crowd import Outcome
from tests.bench.gateway.load import Load
from tests.bench.gateway.machine import cpu_seconds, memory, settled, writes
from tests.bench.gateway.sides import Side
from tests.support.services import Service


class Rate(NamedTuple):
    """Deliveries per CPU-second of the server. `writes`: calls per delivery, where known."""

    per_cpu_second: float
    writes: float | None
    bytes_per_delivery: float
    complete: bool


class Latency(NamedTuple):
    """Seconds from publish to client, sorted; `share` of the deliveries that came in time."""

    seconds: list[float]
    share: float

    def at(self, quantile: float) -> float:
        """Milliseconds."""
        if not self.seconds:
            return float("nan")
        index = min(len(self.seconds) - 1, int(len(self.seconds) * quantile))
        return self.seconds[index] * 1000


class Joins(NamedTuple):
    """Of clients that then only wait."""

    per_second: float
    per_cpu_second: float
    bytes_per_client: float


async def joins(side: Side, load: Load, clients: int, *, window: int = 500) -> Joins:
    """Let so many more clients in, and see what they cost."""
    await settled(side.pids)
    held, cpu = memory(side.pids), cpu_seconds(side.pids)
    joined = await load.join(
        side.address,
        [side.request] * clients,
        side.mark,
        decode_every=max(20, clients // 300),
        window=window,
    )
    used = cpu_seconds(side.pids) - cpu
    await settled(side.pids)
    return Joins(clients / joined.seconds, clients / used, (memory(side.pids) - held) / clients)


async def deliveries(
    side: Side, load: Load, burst: int, *, cpu: float = 1.5, seconds: float = 8, least: int = 1
) -> Rate:
    """Bursts of so many events, the next only when all clients have the last one, until the server
    has worked for `cpu` seconds or the time is up."""
    await _warm(side, load)
    before, calls = cpu_seconds(side.pids), writes(side.pids) if side.counts_writes else 0
    began = time.monotonic()
    rounds, complete = 0, True
    outcome: Outcome | None = None
    while complete and (rounds < least or cpu_seconds(side.pids) - before < cpu):
        rounds += 1
        waiting = load.begin("until", rounds * burst, seconds=20)
        await side.feed.send(burst)
        outcome = await waiting
        complete = outcome.complete
        if time.monotonic() - began > seconds:
            break
    assert outcome is not None
    used = cpu_seconds(side.pids) - before
    count = max(1, outcome.deliveries)
    per_delivery = (writes(side.pids) - calls) / count if side.counts_writes else None
    return Rate(count / used, per_delivery, outcome.bytes / count, complete)


async def _warm(side: Side, load: Load) -> None:
    """One event that does not count: whoever was still joining is live after it."""
    await load.mark()
    waiting = load.begin("until", 1, seconds=15, quiet=3)
    await side.feed.send(1)
    await waiting
    await load.mark()


async def paced(
    side: Side, load: Load, *, rate: int = 200, seconds: float = 3, patience: float = 1.5
) -> Latency:
    """Events evenly in time; who has not got them a while after the last is too late."""
    await _warm(side, load)
    number = round(rate * seconds)
    side.feed.sent.clear()
    waiting = load.begin("watch", number, seconds=seconds + patience)
    began = time.monotonic()
    for step in range(number):
        await asyncio.sleep(max(0.0, began + step / rate - time.monotonic()))
        await side.feed.send(1)
    outcome: Outcome = await waiting
    sent = side.feed.sent
    times = sorted(
        at - sent[version]
        for arrivals in outcome.arrivals
        for version, at in arrivals
        if version in sent
    )
    return Latency(times, len(times) / (number * len(outcome.arrivals)))


async def metrics(service: Service) -> dict[str, float]:
    """The gateway's metrics, labels and all."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{service.admin_url}/metrics")).text
    found = {}
    for line in text.splitlines():
        if line.startswith("holdfast_gateway_"):
            name, _, value = line.rpartition(" ")
            with suppress(ValueError):
                found[name.removeprefix("holdfast_gateway_")] = float(value)
    return found
