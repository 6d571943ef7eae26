"""Storms: ten thousand clients that come back at once, and two thousand that come to a big arena.

    make bench ARGS=storms

Resume: a gateway is killed under its clients, more is published, and all come back to a new one with
cursors at several places. Arena: 2,000 clients join 10,000 seats at once, plain and with gzip, while
another channel gets 50 events a second, whose worst delay is taken before and meanwhile. The exit
status is 1 where a channel is read twice, or anybody misses an event.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop
from tests.bench.gateway.crowd import Outcome
from tests.bench.gateway.feeds import NatsFeed
from tests.bench.gateway.load import Load, load
from tests.bench.gateway.machine import cpu_seconds, memory, peak_memory, turned_off
from tests.bench.gateway.measures import Latency, metrics
from tests.bench.gateway.report import Figures, Verdict, save, say, show
from tests.bench.gateway.sides import SNAPSHOT, Surroundings, address_of, get, service
from tests.bench.gateway.stage import stage
from tests.support.live_publisher import CHANNEL, CLUB, DATE, VENUE

from holdfast.contracts.channels import ChannelKey

CHANNELS, EVENTS, PLACES = 4, 101, 8
SEATS, PACE = 10_000, 50
MIB = 1024 * 1024
WORST_BEFORE = "another channel's worst before, ms"
WORST = "another channel's worst meanwhile, ms"
T = TypeVar("T")


def _stream(key: ChannelKey, *headers: str) -> bytes:
    return get(f"/v1/stream?channel={key.name}", *headers)


async def resume(around: Surroundings, crowd: Load, clients: int) -> dict[str, Any]:
    """Kill a gateway under its clients; all of them come to the next one."""
    publisher = around.publisher
    keys = [ChannelKey(CLUB, VENUE, DATE, f"storm_{n}") for n in range(CHANNELS)]
    await publisher.add_venue(slots=(CHANNEL.slot, "quiet", "arena", *(key.slot for key in keys)))
    for key in keys:
        await publisher.publish(key)
    async with service(around) as before:
        requests = [_stream(keys[n % CHANNELS]) for n in range(clients)]
        await crowd.join(address_of(before), requests, SNAPSHOT)
    await crowd.close()
    seqs = [await _publish(around, key) for _ in range(EVENTS - 1) for key in keys]
    for key in keys:
        await publisher.keep_snapshot(key)  # so that opening brings nothing of what is missed
    # some saw nearly everything, some next to nothing
    cursors = [seqs[len(seqs) * n // (PLACES + 1)] for n in range(PLACES)]
    places = [
        (keys[n % CHANNELS], f"Last-Event-ID: {publisher.epoch}-{cursors[n // CHANNELS % PLACES]}")
        for n in range(clients)
    ]
    async with service(around) as after:
        pids = [after.process.pid]
        held, cpu, dropped = memory(pids), cpu_seconds(pids), turned_off()
        joined = await crowd.join(
            address_of(after),
            [_stream(key, header) for key, header in places],
            b'"version":%d' % EVENTS,
            decode_every=97,  # all places of all channels are among them
            window=clients,
        )
        used = cpu_seconds(pids) - cpu
        outcome: Outcome = await crowd.begin("until", 0, seconds=0)
        count = await metrics(after)
        found = {
            "clients": clients,
            "all live after, s": joined.seconds,
            "resumes per CPU-second": clients / used,
            "attempts that found the listener's queue full": turned_off() - dropped,
            "backing reads per channel": count["cold_reads_total"] / CHANNELS,
            "loads per channel": sum(
                value for name, value in count.items() if name.startswith("channel_loads_total")
            )
            / CHANNELS,
            "resets": sum(v for name, v in count.items() if name.startswith("resets_total")),
            "with a hole or a double": _broken(outcome),
            "peak memory above the start, MiB": (peak_memory(pids[0]) - held) / MIB,
        }
    await crowd.close()
    return found


async def _publish(around: Surroundings, key: ChannelKey) -> int:
    await around.publisher.publish(key)
    return around.publisher.truth(key).seq


def _broken(outcome: Outcome) -> int:
    """Decoded clients whose versions do not go up by one to the last."""
    broken = 0
    for arrivals in outcome.arrivals:
        versions = [version for version, _ in arrivals]
        broken += versions != list(range(EVENTS + 1 - len(versions), EVENTS + 1))
    return broken


async def arena(
    around: Surroundings, crowd: Load, probe: Load, clients: int, *headers: str
) -> dict[str, Any]:
    """Join an arena at once, while another channel goes on."""
    publisher = around.publisher
    big, quiet = (ChannelKey(CLUB, VENUE, DATE, slot) for slot in ("arena", "quiet"))
    if publisher.truth(big, SEATS).version == 0:
        for key in (big, quiet):
            await publisher.publish(key)
        await publisher.keep_snapshot(big)
    async with service(around) as started:
        pids = [started.process.pid]
        address = address_of(started)
        await probe.join(address, [_stream(quiet)] * 20, SNAPSHOT, decode_every=1)
        feed = NatsFeed(publisher, quiet)
        before, _ = await _meanwhile(feed, probe, asyncio.sleep(3))
        held, cpu = memory(pids), cpu_seconds(pids)
        joining = _all_in(crowd, address, [_stream(big, *headers)] * clients)
        during, outcome = await _meanwhile(feed, probe, joining)
        used = cpu_seconds(pids) - cpu
        raws = sorted(await crowd.begin("raws"))
        whole = sum(len(each) == 1 for each in await crowd.begin("snapshots"))
        found = {
            "clients": clients,
            "all have it after, s": outcome.seconds,
            "of the decoded with one snapshot, %": 100 * whole / len(raws),
            "of the bytes for all, %": 100 * outcome.bytes / clients / raws[len(raws) // 2],
            "CPU-seconds": used,
            "joins per CPU-second": clients / used,
            "KB per client": outcome.bytes / clients / 1000,
            WORST_BEFORE: before.at(1),
            WORST: during.at(1),
            "another channel's p99 meanwhile, ms": during.at(0.99),
            "peak memory above the start, MiB": (peak_memory(pids[0]) - held) / MIB,
        }
    await crowd.close()
    await probe.close()
    return found


async def _all_in(crowd: Load, address: tuple[str, int], requests: list[bytes]) -> Outcome:
    """Join and read until nothing more comes."""
    await crowd.mark()
    joined = await crowd.join(address, requests, b"", decode_every=50, window=len(requests))
    outcome = await crowd.until(1, seconds=60, quiet=1.5)
    return outcome._replace(seconds=outcome.seconds + joined.seconds)


async def _meanwhile(
    feed: NatsFeed, probe: Load, work: Coroutine[Any, Any, T]
) -> tuple[Latency, T]:
    """The delays of a paced channel while something is done."""
    await probe.mark()
    feed.sent.clear()
    watching = probe.begin("watch", 10**9, seconds=120)
    over = asyncio.Event()
    pacing = asyncio.create_task(_pace(feed, over))
    try:
        result = await work
        await asyncio.sleep(0.3)
    finally:
        over.set()  # nats-py would swallow a cancellation
        await pacing
    await probe.mark()  # ends the watch
    outcome: Outcome = await watching
    delays = sorted(
        at - feed.sent[version]
        for arrivals in outcome.arrivals
        for version, at in arrivals
        if version in feed.sent  # else it is a late one of the time before
    )
    return Latency(delays, 1.0), result


async def _pace(feed: NatsFeed, over: asyncio.Event) -> None:
    began = time.monotonic()
    step = 0
    while not over.is_set():
        step += 1
        await asyncio.sleep(max(0.0, began + step / PACE - time.monotonic()))
        await feed.send(1)


async def run(clients: int, joining: int) -> tuple[dict[str, Any], Figures]:
    """Both storms."""
    async with stage() as (around, crowd), load() as probe:
        say(f"{clients:,} clients resume on a new gateway …")
        resumed = await resume(around, crowd, clients)
        await crowd.begin("nice", 10)  # the probe's times are taken, the crowd's are not
        arenas: Figures = {}
        for name, headers in (("plain", ()), ("gzip", ("Accept-Encoding: gzip",))):
            say(f"{joining:,} clients join an arena of {SEATS:,} seats, {name} …")
            arenas[name] = await arena(around, crowd, probe, joining, *headers)
        return resumed, arenas


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--joining", type=int, default=2_000)
    options = parser.parse_args(arguments)
    resumed, arenas = uvloop.run(run(options.clients, options.joining))
    show({"resume": resumed})
    show(arenas)
    print()
    verdict = Verdict()
    for name, most in (
        ("backing reads per channel", 1),
        ("resets", 0),
        ("with a hole or a double", 0),
    ):
        verdict.at_most(f"resume: {name}", resumed[name], most)
    verdict.at_most("resume: all live after, s", resumed["all live after, s"], 5, binding=False)
    for name, found in arenas.items():
        whole = found["of the decoded with one snapshot, %"]
        verdict.at_least(f"{name}: of the decoded with one snapshot, %", whole, 100)
        added = found[WORST] - found[WORST_BEFORE]
        verdict.at_most(f"{name}: added to another channel, ms", added, 50, binding=False)
    print(f"\n{save('storms', {'resume': resumed, **arenas})}")
    return 1 if verdict.missed else 0


if __name__ == "__main__":
    sys.exit(main())
