"""With synchronous replication, nothing is published that the standby has not flushed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
from tests.support.event_log import add_venue, append, channels
from tests.support.jetstream import stored, versions
from tests.support.relay import drained, running
from tests.support.until import until

from command_api.relay import Relay
from command_api.store.migrate import migrate
from command_api.store.pool import open_pool
from holdfast_dev.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.runtime.nats import Client

_WAITING = """
select count(*) from pg_stat_activity where wait_event = 'SyncRep' and application_name = $1
"""


async def test_a_row_that_the_standby_may_not_have_waits(tmp_path: Path, nc: Client) -> None:
    [key] = channels(1)
    async with EmbeddedPostgres(tmp_path / "pg", fsync=False) as server:
        await migrate(server.url)
        connection = await asyncpg.connect(server.url)
        await add_venue(connection, "backroom", "leeds")
        pool = await open_pool(server.url, "holdfast_relay", application="relay", size=4)
        relay = Relay(pool, nc)
        async with running(relay):
            await until(lambda: relay.ready)
        await connection.execute("alter system set synchronous_standby_names = 'away'")
        await connection.execute("select pg_reload_conf()")

        async def waits(application: str) -> bool:
            return bool(await connection.fetchval(_WAITING, application))

        # A commit that does not get through shows that the setting has arrived everywhere.
        probe = await asyncpg.connect(server.url, server_settings={"application_name": "probe"})
        probing = asyncio.create_task(probe.execute("create table probe as select 1"))
        await until(lambda: waits("probe"))
        # As after a cut wait: committed and visible here, and maybe nowhere else.
        await connection.execute("set synchronous_commit = local")
        await append(connection, key)

        async with running(relay):
            await until(lambda: waits("relay"))
            assert await stored(nc, "LIVE") == []
            await connection.execute("alter system reset synchronous_standby_names")
            await connection.execute("select pg_reload_conf()")
            await drained(connection)
        await probing
        await probe.close()
        await pool.close()
        await connection.close()

    assert versions(await stored(nc, "LIVE")) == {key.name: [1]}
