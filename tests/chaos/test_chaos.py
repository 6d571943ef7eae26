"""Everything is killed, cut and deleted under load; in the end the four views must be one.

The short, seeded form runs with the suite; `make chaos` goes on for longer, with seeds of its own:

    make chaos ARGS="-k long"
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.support.checker import Json, Watcher, verify
from tests.support.client import CHANNEL, LATER, Api, World
from tests.support.databases import copy_of
from tests.support.services import Service, bearer, replicas
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.subjects import LIVE_STREAM
from holdfast.runtime.nats import ApiError, NatsError, connect_nats, jetstream_api
from holdfast_dev.nats import EmbeddedNats

CHANNELS = (CHANNEL, LATER)
SHOPPERS = 6
FAULTS = ("gateway", "command-api", "nats", "postgres", "stream", "drain")


@pytest.fixture
async def world(postgres_url: str, migrated_template: str, tmp_path: Path) -> AsyncIterator[World]:
    async with (
        copy_of(postgres_url, migrated_template) as database,
        EmbeddedNats(tmp_path / "nats") as nats,
        replicas(database, nats.url, tmp_path, HOLDFAST_DRAIN_SECONDS="1") as services,
    ):
        nc = await connect_nats(nats.url, "test")
        try:
            yield World(database, nats, services, nc)
        finally:
            await nc.close()


class Site:
    """Two command-apis and a gateway on ports of their own, which survive their restarts."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.apis: list[Service] = []
        self.clients: list[Api] = []
        self.answers: list[Json] = []
        self.turns = 0
        self.stop = asyncio.Event()

    async def open(self) -> None:
        self.apis = [await self.world.services.command_api() for _ in range(2)]
        self.clients = [Api(service.url) for service in self.apis]
        await self.clients[0].set_up()
        self.gateway = await self.world.services.gateway()

    async def close(self) -> None:
        for client in self.clients:
            await client.http.aclose()

    async def insist(self, method: str, path: str, body: Json | None, by: str) -> httpx.Response:
        """Ask until there is an answer, now here, now there, always with the same key."""
        headers = {**bearer("customer", sub=by), "idempotency-key": secrets.token_hex(12)}
        async with asyncio.timeout(60):
            while True:
                client = self.chance.choice(self.clients)
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.http.request(
                        method, f"/v1/clubs/backroom/venues/leeds{path}", json=body, headers=headers
                    )
                    if answer.status_code not in (500, 503) and "IN_PROGRESS" not in answer.text:
                        return answer
                    assert answer.status_code != 500, answer.text
                await asyncio.sleep(0.05)

    async def shop(self, name: str) -> None:
        """Hold what may be free, and let it go again."""
        while not self.stop.is_set():
            channel: ChannelKey = self.chance.choice(CHANNELS)
            sections = [f"t{number}" for number in self.chance.sample(range(12), 2)]
            body = {"date": channel.date, "slotId": channel.slot, "sectionIds": sections}
            held = await self.insist("POST", "/holds", body, name)
            assert held.status_code in (201, 409), held.text
            self.turns += 1
            if held.status_code == 201:
                self.answers.append(held.json())
                released = await self.insist(
                    "DELETE", f"/holds/{held.json()['holdId']}", None, name
                )
                assert released.status_code == 200, released.text

    async def fault(self, kind: str) -> None:
        """One thing goes wrong, and comes back."""
        match kind:
            case "gateway":
                await self.gateway.kill()
                self.gateway = await self.world.services.gateway(_port(self.gateway))
            case "drain":
                assert await self.gateway.stop() == 0
                self.gateway = await self.world.services.gateway(_port(self.gateway))
            case "command-api":
                number = self.chance.randrange(2)
                await self.apis[number].kill()
                port = _port(self.apis[number])
                self.apis[number] = await self.world.services.command_api(port)
            case "nats":
                await self.world.nats.kill()
                await self.world.nats.start()
            case "postgres":
                await _end_sessions(self.world.database)
            case "stream":
                with contextlib.suppress(ApiError, NatsError):
                    await jetstream_api(self.world.nc, f"STREAM.DELETE.{LIVE_STREAM}")


def _port(service: Service) -> int:
    return int(service.url.rpartition(":")[2])


async def _end_sessions(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await connection.close()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def rage(world: World, seed: int, faults: list[str]) -> None:
    chance = random.Random(seed)
    site = Site(world, chance)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(site.close)
        await site.open()
        watchers = [
            Watcher(site.gateway.url, [CHANNEL]),
            Watcher(site.gateway.url, list(CHANNELS)),
            Watcher(site.gateway.url, list(CHANNELS), bearer("manager", "backroom", sub="sam")),
        ]
        for watcher in watchers:
            watcher.start()
            stack.push_async_callback(watcher.stop)
        shoppers = [asyncio.create_task(site.shop(f"cus_{n}")) for n in range(SHOPPERS)]
        stack.push_async_callback(_cancel, shoppers)
        for kind in faults:
            before = site.turns
            await site.fault(kind)
            await until(lambda before=before: site.turns >= before + 20, 60)  # type: ignore[misc]
        site.stop.set()
        await asyncio.gather(*shoppers)
        await verify(world.database, world.nc, CHANNELS, watchers, site.answers)
    if "stream" not in faults:
        assert not any(watcher.resets for watcher in watchers)


@pytest.mark.parametrize("seed", [1])
async def test_short(world: World, seed: int) -> None:
    """Each fault once, in an order of the seed's."""
    faults = random.Random(seed).sample(FAULTS, len(FAULTS))
    await rage(world, seed, faults)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(100, 110))
async def test_long(world: World, seed: int) -> None:
    await rage(world, seed, random.Random(seed).choices(FAULTS, k=30))


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(200, 205))
async def test_long_with_the_history_kept(world: World, seed: int) -> None:
    """Without a deleted stream nobody is ever reset."""
    kept = [fault for fault in FAULTS if fault != "stream"]
    await rage(world, seed, random.Random(seed).choices(kept, k=30))
