"""Curves: deliveries per CPU-second and memory per client, from a hundred clients to 15,000.

    make bench ARGS=curves

The same sides as `fanout`, each asked less and at four sizes; drawn as SVG. No exit status but 0: what
must hold anywhere is in `fanout`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

import uvloop
from tests.bench.gateway import svg
from tests.bench.gateway.load import Load
from tests.bench.gateway.machine import OUTPUT, memory, raise_open_files, settled
from tests.bench.gateway.measures import deliveries
from tests.bench.gateway.report import Figures, ratios, save, say, show
from tests.bench.gateway.sides import (
    BARE_PYTHON,
    GATEWAY,
    SIDES,
    Missing,
    Side,
    supported,
)
from tests.bench.gateway.stage import stage

SIZES = (100, 1_000, 5_000, 15_000)
BURSTS = (1, 60, 1_000)
LEFT_OUT = {BARE_PYTHON}
"""Its curve is that of the C loop, somewhat lower; `fanout` has it."""
LONGEST = 8.0
"""CPU-seconds that a burst may take, judged by the rate of the shorter ones."""


def named(burst: int, clients: int) -> str:
    """The name of a figure."""
    way = "one at a time" if burst == 1 else f"bursts of {burst:,}"
    return f"deliveries per CPU-second, {way}, {clients:,} clients"


async def measure(name: str, side: Side, crowd: Load, sizes: Sequence[int]) -> dict[str, Any]:
    """One side at all sizes. Memory while more and more clients join, before the first event; then
    deliveries, while they leave."""
    found: dict[str, Any] = {}
    await crowd.join(side.address, [side.request] * 50, side.mark, decode_every=10)
    await settled(side.pids)
    empty, joined = memory(side.pids), 50
    for clients in sizes:
        await crowd.join(
            side.address, [side.request] * (clients - joined), side.mark, decode_every=100
        )
        joined = clients
        await settled(side.pids, 5)
        held = memory(side.pids) - empty
        found[f"KiB per client, {clients:,} clients"] = held / (clients - 50) / 1024
    for clients in reversed(sizes):
        await crowd.close(keep=clients)
        await settled(side.pids, 5)
        found |= await _bursts(name, side, crowd, clients)
    return found


async def _bursts(name: str, side: Side, crowd: Load, clients: int) -> dict[str, float]:
    found: dict[str, float] = {}
    expected = math.inf
    for burst in BURSTS:
        if burst * clients / expected > LONGEST:
            say(f"{name}: bursts of {burst:,} to {clients:,} would take too long")
            continue
        rate = await deliveries(side, crowd, burst, cpu=0.8, seconds=5)
        expected = rate.per_cpu_second
        if rate.complete:
            found[named(burst, clients)] = expected
        else:
            say(f"{name}: {burst:,} events did not reach all of {clients:,} in time")
    return found


async def run(names: Sequence[str], sizes: Sequence[int]) -> Figures:
    """All sides, one after another."""
    figures: Figures = {}
    async with stage() as (around, crowd):
        for name in names:
            say(f"{name}: {', '.join(f'{size:,}' for size in sizes)} clients …")
            try:
                async with SIDES[name](around) as side:
                    await supported(name, side, crowd)
                    figures[name] = await measure(name, side, crowd, sizes)
            except Missing as missing:
                say(f"{name} is left out: {missing}")
            await crowd.close()
    return figures


def draw(figures: Figures, sizes: Sequence[int]) -> None:
    """One chart for each way, and one of the memory."""
    across = svg.Axis("clients", (100, 300, 1_000, 3_000, 10_000, 20_000))
    for burst in BURSTS:
        way = "one event at a time" if burst == 1 else f"bursts of {burst:,} events"
        _chart(
            f"deliveries-{burst}.svg",
            f"Deliveries per CPU-second of the server, {way}",
            across,
            "deliveries per CPU-second",
            {size: named(burst, size) for size in sizes},
            figures,
        )
    _chart(
        "memory.svg",
        "Process memory per client",
        across,
        "KiB of the server's own memory",
        {size: f"KiB per client, {size:,} clients" for size in sizes if size > 100},
        figures,
    )


def _chart(
    file: str, title: str, across: svg.Axis, up: str, names: dict[int, str], figures: Figures
) -> None:
    lines = [
        svg.Series(
            side,
            list(SIDES).index(side),
            [(size, found[name]) for size, name in names.items() if found.get(name, 0) > 0.05],
        )
        for side, found in figures.items()
    ]
    lines = [line for line in lines if line.points]
    values = [value for line in lines for _, value in line.points]
    if values:
        axis = svg.Axis(up, svg.decades(values, steps=(1, 3)))
        print(svg.chart(OUTPUT / file, title, across, axis, lines))


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", action="append", choices=list(SIDES))
    options = parser.parse_args(arguments)
    names = options.only or [name for name in SIDES if name not in LEFT_OUT]
    allowed = raise_open_files()
    sizes = [size for size in sorted(options.sizes) if size < allowed - 500]
    if len(sizes) < len(options.sizes):
        print(f"only {allowed:,} files may be open (ulimit -n), so the largest sizes are left out")
    figures = uvloop.run(run(names, sizes))
    show(figures)
    print()
    for clients in sizes:
        if GATEWAY in figures:
            ratios(figures, named(1, clients), GATEWAY)
    print(f"\n{save('curves', figures)}")
    draw(figures, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
