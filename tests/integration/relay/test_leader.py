"""The lease: one leader, its duties stop with it, another takes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
from tests.support.databases import database_url
from tests.support.event_log import append, channels
from tests.support.jetstream import stored, versions
from tests.support.relay import drained
from tests.support.tcp_proxy import TcpProxy
from tests.support.until import until

from command_api.leader import Leader
from command_api.relay import Relay
from command_api.store.pool import open_pool

if TYPE_CHECKING:
    from tests.integration.relay.conftest import Connect

    from holdfast.runtime.nats import Client
    from holdfast_dev.nats import EmbeddedNats


class Duty:
    """Knows whether it runs."""

    def __init__(self) -> None:
        self.runs = False
        self.starts = 0
        self.fails = 0

    async def run(self) -> None:
        self.starts += 1
        self.runs = True
        try:
            if self.fails:
                self.fails -= 1
                raise RuntimeError("as the test wants it")
            await asyncio.Event().wait()
        finally:
            self.runs = False


@asynccontextmanager
async def candidates(*urls: str) -> AsyncIterator[list[tuple[Leader, Duty]]]:
    found = []
    for number, url in enumerate(urls):
        duty = Duty()
        leader = Leader(
            url, {"duty": duty.run}, application=f"leader-{number}", interval=0.05, timeout=0.4
        )
        await leader.start()
        found.append((leader, duty))
    try:
        yield found
    finally:
        for leader, _ in found:
            await leader.stop()


async def test_one_leads_and_the_next_takes_over_when_it_stops(database: str) -> None:
    async with candidates(database, database, database) as all_:
        for left in (3, 2, 1):
            await until(lambda: any(leader.leading and duty.runs for leader, duty in all_))
            leading = [pair for pair in all_ if pair[0].leading]
            assert len(leading) == 1
            assert sum(duty.runs for _, duty in all_) == 1
            await leading[0][0].stop()
            assert not leading[0][1].runs
            assert not leading[0][0].leading, left


async def test_leadership_moves_when_the_connection_is_killed(
    database: str, connection: asyncpg.Connection
) -> None:
    async with candidates(database, database) as all_:
        await until(lambda: any(leader.leading for leader, _ in all_))
        [old] = [number for number, (leader, _) in enumerate(all_) if leader.leading]
        for _ in range(3):
            starts = sum(duty.starts for _, duty in all_)
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
                f"leader-{old}",
            )
            await until(lambda: sum(duty.starts for _, duty in all_) > starts)  # noqa: B023
            await until(lambda: sum(duty.runs for _, duty in all_) == 1)
            await until(lambda: sum(leader.leading for leader, _ in all_) == 1)
            [old] = [number for number, (leader, _) in enumerate(all_) if leader.leading]


async def test_a_silent_connection_counts_as_lost(database: str) -> None:
    server = urlsplit(database)
    async with TcpProxy(server.port or 0) as proxy:
        url = database_url(database, server.path[1:], proxy.port)
        async with candidates(url) as [(leader, duty)]:
            await until(lambda: leader.leading and duty.runs)
            proxy.stall()
            await until(lambda: not leader.leading and not duty.runs)
            proxy.cut()
            await until(lambda: leader.leading and duty.runs)


async def test_a_duty_that_fails_is_started_again(database: str) -> None:
    async with candidates(database) as [(leader, duty)]:
        duty.fails = 2
        await until(lambda: leader.leading and duty.starts == 3 and duty.runs)


async def test_the_relay_moves_with_the_lease(
    database: str, connection: asyncpg.Connection, nats: EmbeddedNats, nc: Client, connect: Connect
) -> None:
    keys = channels(40)
    pools = [
        await open_pool(database, "holdfast_relay", application="replica", size=4) for _ in "ab"
    ]
    relays = [Relay(pool, await connect(nats.url)) for pool in pools]
    leaders = [
        Leader(database, {"relay": relay.run}, application="lease", interval=0.05)
        for relay in relays
    ]
    for leader in leaders:
        await leader.start()
    for _ in range(4):
        for key in keys:
            await append(connection, key)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lease'"
        )
    await drained(connection)
    for leader in leaders:
        await leader.stop()
    for pool in pools:
        await pool.close()

    assert versions(await stored(nc, "LIVE")) == {key.name: [1, 2, 3, 4] for key in keys}
