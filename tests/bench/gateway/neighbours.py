"""Neighbours: what others cost a client. Groups of its own, many channels, clients that stall.

    make bench ARGS=neighbours

A hot channel of 10,000 clients, each with its own private channel besides; a hot channel beside one
other channel and beside 10,000; 2,000 clients of which 1 % stop reading. The exit status is 1 where a
bound is missed that holds on any machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
from typing import Any

import uvloop
from tests.bench.gateway.load import Load, load
from tests.bench.gateway.machine import cpu_seconds, memory, settled
from tests.bench.gateway.measures import deliveries, metrics, paced
from tests.bench.gateway.report import Figures, Verdict, save, say, show
from tests.bench.gateway.sides import STREAM, Side, Surroundings, get, python_side
from tests.bench.gateway.stage import stage
from tests.support.live_publisher import CLUB
from tests.support.services import SECRET

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import Role
from holdfast.runtime.auth import issue_token

ONE = "deliveries per CPU-second, one at a time"
SIXTY = "deliveries per CPU-second, bursts of 60"
KIB = "KiB per client"
P50, P99 = "publish to client p50, ms", "publish to client p99, ms"
STALLED_KIB = "KiB of the gateway's per stalled client"
HOT = 1_000
"""Clients of the hot channel beside the many."""
SLOTS = 100
STALL_RATE = 50
"""Events a second: 100,000 deliveries, half of what a core can."""


async def groups(around: Surroundings, crowd: Load, clients: int) -> Figures:
    """Everybody in one group, then everybody in a group of their own."""
    figures: Figures = {}
    private = []
    for number in range(clients):
        name = f"cus_{number:05}"
        token = issue_token(SECRET, role=Role.CUSTOMER, subject=name)
        path = f"{STREAM}&channel=customer:{CLUB}:{name}"
        private.append(get(path, f"Authorization: Bearer {token}"))
    for name, requests in (
        ("one group", [get(STREAM)] * clients),
        ("a group each", private),
    ):
        say(f"{clients:,} clients of one channel, {name} …")
        async with python_side(around) as side:
            await crowd.join(side.address, requests[:50], side.mark, decode_every=10)
            await settled(side.pids)
            held, cpu = memory(side.pids), cpu_seconds(side.pids)
            rest = requests[50:]
            await crowd.join(side.address, rest, side.mark, decode_every=100)
            used = cpu_seconds(side.pids) - cpu
            await settled(side.pids)
            found = {"joins per CPU-second": len(rest) / used}
            found[KIB] = (memory(side.pids) - held) / len(rest) / 1024
            figures[name] = found | await _rates(side, crowd)
        await crowd.close()
    return figures


async def channels(around: Surroundings, crowd: Load, aside: Load, number: int) -> Figures:
    """A hot channel alone, then beside many others that are open too."""
    publisher = around.publisher
    slots = [f"many_{n:02}" for n in range(SLOTS)]
    await publisher.add_venue(venue="wide", slots=tuple(slots))
    first = dt.date(2026, 3, 1)
    others = []
    for n in range(number):
        date = (first + dt.timedelta(n // SLOTS)).isoformat()
        key = ChannelKey(CLUB, "wide", date, slots[n % SLOTS])
        publisher.truth(key, 2)
        others.append(get(f"/v1/stream?channel={key.name}"))
    figures: Figures = {}
    async with python_side(around) as side:
        for name, requests in (("1 channel", []), (f"{number:,} channels", others)):
            say(f"{HOT:,} clients of one channel, {name} open …")
            held = memory(side.pids)
            await aside.join(side.address, requests, side.mark)
            await crowd.join(side.address, [side.request] * HOT, side.mark, decode_every=50)
            await settled(side.pids)
            found: dict[str, Any] = {"channels": (await metrics(_service(side)))["channels"]}
            if requests:
                found["KiB per channel and its client"] = (
                    (memory(side.pids) - held) / len(requests) / 1024
                )
            figures[name] = found | await _rates(side, crowd)
            await crowd.close()
    await aside.close()
    return figures


async def _rates(side: Side, crowd: Load) -> dict[str, float]:
    one = await deliveries(side, crowd, 1)
    sixty = await deliveries(side, crowd, 60)
    return {ONE: one.per_cpu_second, SIXTY: sixty.per_cpu_second}


def _service(side: Side) -> Any:
    assert side.service is not None
    return side.service


async def stalled(around: Surroundings, crowd: Load, clients: int) -> Figures:
    """Latency of the healthy with and without 1 % that read nothing; then 10 % more of these, for
    what each holds of the gateway's memory."""
    figures: Figures = {}
    async with python_side(around) as side:
        requests = [side.request] * clients
        await crowd.join(side.address, requests, side.mark, decode_every=40)
        await deliveries(side, crowd, 60, least=40)  # so that the channel's memory is full
        for name, number in (("all healthy", 0), ("1 % stalled", clients // 100)):
            say(f"{clients:,} clients, {STALL_RATE} events/s, {name} …")
            await _stall(side, crowd, number)
            took = [await paced(side, crowd, rate=STALL_RATE, seconds=2) for _ in range(5)]
            slow = (await metrics(_service(side)))["slow_consumers_total"]
            figures[name] = {"left the fast path": slow}
            for what, quantile in ((P50, 0.5), (P99, 0.99)):
                # the median of five: a hiccup of the machine is not a neighbour
                figures[name][what] = statistics.median(each.at(quantile) for each in took)
        held, more = memory(side.pids), clients // 10
        await _stall(side, crowd, more)
        await settled(side.pids)
        figures["1 % stalled"][STALLED_KIB] = (memory(side.pids) - held) / more / 1024
    await crowd.close()
    return figures


async def _stall(side: Side, crowd: Load, number: int) -> None:
    """Let so many more stop reading, and send more than the kernel holds for them."""
    if number:
        await crowd.begin("stall", number)
    await deliveries(side, crowd, 60, cpu=0, least=25)


async def run(clients: int, others: int, share: int) -> list[Figures]:
    """All three, on one stage."""
    async with stage() as (around, crowd), load() as aside:
        return [
            await groups(around, crowd, clients),
            await channels(around, crowd, aside, others),
            await stalled(around, crowd, share),
        ]


def report(tables: list[Figures]) -> int:
    """Print; the exit status."""
    for table in tables:
        show(table)
    print()
    verdict = Verdict()
    for table in tables[:2]:
        (one, first), (other, second) = table.items()
        for name, least in ((ONE, 0.5), (SIXTY, 0.0)):
            what = f"{name}: {other} / {one}"
            verdict.at_least(what, second[name] / first[name], least, binding=least > 0)
    healthy, ill = tables[2].values()
    verdict.at_most(
        "healthy p99 with 1 % stalled / without", ill[P99] / healthy[P99], 1.1, binding=False
    )
    verdict.at_most(STALLED_KIB, ill[STALLED_KIB], 256)
    verdict.at_most(f"{KIB}, a group each", tables[0]["a group each"][KIB], 16)
    merged = {name: found for table in tables for name, found in table.items()}
    print(f"\n{save('neighbours', merged)}")
    return 1 if verdict.missed else 0


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000, help="of one channel")
    parser.add_argument("--channels", type=int, default=10_000, help="open beside a hot one")
    parser.add_argument("--beside", type=int, default=2_000, help="of which 1 %% stall")
    options = parser.parse_args(arguments)
    return report(uvloop.run(run(options.clients, options.channels, options.beside)))


if __name__ == "__main__":
    sys.exit(main())
