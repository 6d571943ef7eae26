"""Fan-out of the gateway against others, one after another in one run, at a thousand clients.

    make bench ARGS=fanout

Printed for each side: what a client costs that only waits, joins, deliveries per CPU-second of the
server one event at a time and in bursts, and publish to client at 200 events a second; then ratios.
The exit status is 1 where a ratio is missed that holds on any machine.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import uvloop
from tests.bench.gateway import svg
from tests.bench.gateway.load import Load, ask
from tests.bench.gateway.machine import OUTPUT, cpu_seconds
from tests.bench.gateway.measures import Latency, deliveries, joins, paced
from tests.bench.gateway.report import Figures, Verdict, ratios, save, say, show
from tests.bench.gateway.sides import (
    BARE_C,
    BARE_PYTHON,
    GATEWAY,
    NCHAN,
    SIDES,
    Missing,
    Side,
    Surroundings,
    supported,
)
from tests.bench.gateway.stage import stage
from tests.support.live_publisher import CHANNEL
from tests.support.services import SECRET

from holdfast.contracts.states import Role
from holdfast.runtime.auth import issue_token

IDLE = "KiB per idle client"
ONE = "deliveries per CPU-second, one at a time"
SIXTY = "deliveries per CPU-second, bursts of 60"
THOUSAND = "deliveries per CPU-second, bursts of 1,000"
BURSTS = ((ONE, 1), (SIXTY, 60), (THOUSAND, 1000))


async def measure(
    side: Side, crowd: Load, clients: int, idle: int
) -> tuple[dict[str, Any], Latency]:
    """Everything that is asked of every side."""
    found: dict[str, Any] = {}
    await crowd.join(side.address, [side.request] * 50, side.mark, decode_every=10)
    joined = await joins(side, crowd, idle)
    found["joins per CPU-second"] = joined.per_cpu_second
    found["joins per second"] = joined.per_second
    found[IDLE] = joined.bytes_per_client / 1024
    await crowd.close(keep=clients)
    for name, burst in BURSTS:
        rate = await deliveries(side, crowd, burst)
        found[name] = rate.per_cpu_second
        if not rate.complete:
            found[f"{name}: not to all"] = "yes"
        if burst == 1:
            found["bytes per delivery"] = rate.bytes_per_delivery
        if rate.writes is not None:
            found[f"writes per delivery, {name.rpartition(', ')[2]}"] = rate.writes
    latency = await paced(side, crowd)
    found["publish to client p50, ms"] = latency.at(0.5)
    found["publish to client p99, ms"] = latency.at(0.99)
    found["of 200 events/s came in time, %"] = latency.share * 100
    await crowd.close()
    return found, latency


async def requests(side: Side, publisher_etag: str) -> dict[str, float]:
    """The gateway's other endpoint: 304s and snapshots per CPU-second."""
    path = (
        f"/v1/clubs/{CHANNEL.club}/venues/{CHANNEL.venue}/availability"
        f"?date={CHANNEL.date}&slotId={CHANNEL.slot}"
    )
    token = issue_token(SECRET, role=Role.CUSTOMER, subject="cus_1")
    found = {}
    for name, header in (
        ("304s per CPU-second", f"If-None-Match: {publisher_etag}"),
        ("snapshots per CPU-second", f"Authorization: Bearer {token}"),
    ):
        request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n{header}\r\n\r\n".encode()
        cpu = cpu_seconds(side.pids)
        done = ask(side.address, request)
        found[name] = done / (cpu_seconds(side.pids) - cpu)
    return found


async def run(names: list[str], clients: int, idle: int) -> tuple[Figures, dict[str, Latency]]:
    """All sides, one after another."""
    figures: Figures = {}
    latencies: dict[str, Latency] = {}
    async with stage() as (around, crowd):
        for name in names:
            say(f"{name} …")
            try:
                async with SIDES[name](around) as side:
                    await supported(name, side, crowd)
                    figures[name], latencies[name] = await measure(side, crowd, clients, idle)
                    if name == GATEWAY:
                        figures[name] |= await requests(side, _etag(around))
            except Missing as missing:
                say(f"{name} is left out: {missing}")
            await crowd.close()
    return figures, latencies


def _etag(around: Surroundings) -> str:
    publisher = around.publisher
    return f'W/"{publisher.epoch}-{publisher.truth().version}-1-p"'


def report(figures: Figures, latencies: dict[str, Latency]) -> int:
    """Print and draw; the exit status."""
    show(figures)
    print()
    for name in (ONE, SIXTY, THOUSAND, IDLE):
        ratios(figures, name, GATEWAY)
    print()
    verdict = Verdict()
    ours = figures[GATEWAY]
    for other, name, least, binding in (
        (BARE_PYTHON, ONE, 0.7, True),
        (BARE_C, ONE, 0.7, False),
        (NCHAN, ONE, 1.0, True),
        (NCHAN, ONE, 2.0, False),
        (NCHAN, SIXTY, 5.0, True),
    ):
        if other in figures:
            ratio = ours[name] / figures[other][name]
            verdict.at_least(f"{name}, ratio to {other}", ratio, least, binding=binding)
    verdict.at_most(IDLE, ours[IDLE], 4)
    verdict.at_least(ONE, ours[ONE], 200_000, binding=False)
    verdict.at_least(THOUSAND, ours[THOUSAND], 2_000_000, binding=False)
    verdict.at_least("joins per CPU-second", ours["joins per CPU-second"], 3_000, binding=False)
    verdict.at_least("304s per CPU-second", ours["304s per CPU-second"], 5_000, binding=False)
    for text, most in (("p50", 5), ("p99", 25)):
        name = f"publish to client {text}, ms"
        verdict.at_most(name, ours[name], most, binding=False)
    print(f"\n{save('fanout', figures)}\n{_draw(latencies)}")
    return 1 if verdict.missed else 0


def _draw(latencies: dict[str, Latency]) -> str:
    shares = [n / 1000 for n in range(0, 1000, 4)] + [0.997, 0.999]
    lines = [
        svg.Series(
            name,
            list(SIDES).index(name),
            [(max(0.1, latency.at(share)), share * 100) for share in shares],
        )
        for name, latency in latencies.items()
        if latency.seconds
    ]
    path = svg.chart(
        OUTPUT / "latency.svg",
        "Publish to client, 1,000 clients, 200 events/s",
        svg.Axis("milliseconds", (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)),
        svg.Axis("% of what came that was there by then", range(0, 101, 10), log=False),
        lines,
    )
    return str(path)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--idle", type=int, default=5000, help="clients that only wait")
    parser.add_argument("--only", action="append", choices=list(SIDES), help="the gateway and …")
    options = parser.parse_args(arguments)
    names = list(SIDES) if options.only is None else [GATEWAY, *options.only]
    found = uvloop.run(run(list(dict.fromkeys(names)), options.clients, options.idle))
    return report(*found)


if __name__ == "__main__":
    sys.exit(main())
