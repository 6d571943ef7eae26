"""One fault of the feed after the other, in an order of the seed's, under load; clients of every kind
stay through all of them, others come and go, and each one's events are checked.

    make chaos ARGS="-k feed_long"
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.support.feed_crew import Crew, crew
from tests.support.feed_faults import FAMILIES, FAULTS, answers_lost, link_deaf, link_half_open
from tests.support.feed_site import Site, faulty_site

from stream_gateway.app import Gateway

SLOW = {answers_lost, link_half_open, link_deaf}
"""They last for as long as it takes to notice."""
QUICK = [fault for family in FAMILIES.values() for fault in family if fault not in SLOW]


def restarts(gateway: Gateway) -> float:
    (counter,) = gateway.metrics.feed_restarts.collect()
    return sum(each.value for each in counter.samples if each.name.endswith("_total"))


async def rage(folder: Path, seed: int, names: list[str], *, at_once: int) -> None:
    """So many faults back to back, then a look at everything."""
    chance = random.Random(seed)
    async with faulty_site(folder) as site:
        site.chance = chance
        await site.publisher.some()
        await site.ready()
        async with crew(site.urls, site.publisher) as clients:
            for start in range(0, len(names), at_once):
                await _endure(site, clients, names[start : start + at_once])
        assert restarts(site.far) > 0


async def _endure(site: Site, clients: Crew, names: list[str]) -> None:
    stop = asyncio.Event()
    aboard = len(clients.stayers)
    storm = asyncio.create_task(site.publisher.storm(stop, site.chance))
    async with AsyncExitStack() as stack:
        try:
            for name in names:
                old = clients.cursor
                fault = asyncio.create_task(FAULTS[name](site))
                try:
                    await clients.board(stack)
                    await clients.board(stack, **{"Last-Event-ID": old})
                finally:
                    await fault
        finally:
            stop.set()
            await storm
        try:
            await site.ready()
            await clients.settle(told=False)
            await site.publisher.some(1)
            await clients.settle()
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"after {names}: {error}") from error
        del clients.stayers[aboard:]


async def test_feed_short(tmp_path: Path) -> None:
    names = [fault.__name__ for fault in random.Random(5).sample(QUICK, 8)]
    await rage(tmp_path, 5, names, at_once=4)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(300, 320))
async def test_feed_long(tmp_path: Path, seed: int) -> None:
    names = random.Random(seed).choices(list(FAULTS), k=24)
    await rage(tmp_path, seed, names, at_once=4)
