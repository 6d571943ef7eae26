"""Everybody does everything at once, on two replicas; then every invariant of the design must hold."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import msgspec
import pytest
from tests.support.checker import Watcher, verify
from tests.support.client import World
from tests.support.crowd import DATES, POLICY, SLOTS, Crowd
from tests.support.invariants import check_venue
from tests.support.services import bearer
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey

CHANNELS = [ChannelKey("backroom", "leeds", date, slot) for date in DATES for slot in SLOTS]


async def crowded(world: World, seed: int, people: int, turns: int, *, approval: bool) -> Crowd:
    replicas = [await world.services.command_api() for _ in range(2)]
    gateway = await world.services.gateway()
    crowd = Crowd([replica.url for replica in replicas], random.Random(seed))
    policy = msgspec.structs.replace(POLICY, requires_approval=approval, approval_ttl_seconds=3)
    await crowd.set_up(policy)
    watchers = [
        Watcher(gateway.url, CHANNELS),
        Watcher(gateway.url, CHANNELS, bearer("manager", "backroom", sub="mia")),
    ]
    for watcher in watchers:
        watcher.start()
    try:
        await crowd.run(people, turns)
        await crowd.leave_waitlists()
        await until(lambda: _at_rest(world.database), 60)
        for replica in replicas:
            assert await replica.stop() == 0
        states = await check_venue(world.database, "backroom", "leeds")
        await verify(world.database, world.nc, list(states), watchers)
    finally:
        await asyncio.gather(*(watcher.stop() for watcher in watchers))
        await crowd.close()
    return crowd


async def _at_rest(database: str) -> bool:
    """Nothing ends by the clock any more, nobody waits, and all of it was published."""
    connection = await asyncpg.connect(database)
    try:
        return bool(
            await connection.fetchval(
                "select not exists (select from holdfast.claims where expires_ms is not null)"
                " and not exists (select from holdfast.records where kind = 'entry' and active)"
                " and not exists (select from holdfast.heads h left join holdfast.progress p"
                " using (club, head) where h.kind = 'channel'"
                " and h.position > coalesce(p.published_position, 0))"
            )
        )
    finally:
        await connection.close()


@pytest.mark.parametrize(("seed", "approval"), [(1, False), (2, True)])
async def test_a_crowd_breaks_nothing(world: World, seed: int, approval: bool) -> None:
    crowd = await crowded(world, seed, people=12, turns=15, approval=approval)
    assert crowd.codes["POST holds: ok"] > 3
    assert crowd.codes["POST confirm: ok"] > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 20))
async def test_crowds(world: World, seed: int) -> None:
    await crowded(world, seed, people=24, turns=150, approval=seed % 2 == 0)
