"""Each fault of the feed, idle and under load, seen by clients of every kind on two gateways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.support.feed_crew import crew
from tests.support.feed_faults import FAMILIES, FAULTS, NO_RESET, Fault
from tests.support.feed_site import Site, faulty_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with faulty_site(tmp_path) as made:
        yield made


@pytest.mark.parametrize("family", FAMILIES)
async def test_nobody_misses_anything(site: Site, family: str) -> None:
    """One fault after the other, on the same servers."""
    for number, fault in enumerate(FAMILIES[family]):
        await live_through(site, fault, load=number % 2 == 1)


@pytest.mark.chaos
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("load", [False, True], ids=["idle", "load"])
async def test_each_alone(site: Site, name: str, load: bool) -> None:
    await live_through(site, FAULTS[name], load=load)


async def live_through(site: Site, fault: Fault, *, load: bool) -> None:
    """Some are live, some join right then, some come back right then with an old cursor; nobody is
    cut, misses anything, or gets anything twice, and in the end all gateways say they are ready."""
    publisher = site.publisher
    await publisher.some()
    await site.ready()
    stop = asyncio.Event()
    async with crew(site.urls, publisher) as clients, AsyncExitStack() as stack:
        old = clients.cursor
        await publisher.some(1)
        happening = [asyncio.create_task(fault(site))]
        if load:
            happening.append(asyncio.create_task(publisher.storm(stop, site.chance)))
        try:
            await clients.board(stack)
            await clients.board(stack, **{"Last-Event-ID": old})
            await happening[0]
        finally:
            stop.set()
            await asyncio.gather(*happening)
        await site.ready()
        await clients.settle(told=False)
        await publisher.some(1)
        await clients.settle()
        if fault in NO_RESET:
            assert not any(stayer.view.resets for stayer in clients.stayers), fault.__name__
