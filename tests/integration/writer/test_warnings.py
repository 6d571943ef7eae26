"""The leader's look for holds that end soon, on a real database."""

from __future__ import annotations

import asyncpg
import msgspec
from tests.integration.writer.conftest import StartWriter, StoreVenue
from tests.support.commands import CHANNEL, hold, plain_venue

from command_api.clock import DatabaseClock
from command_api.job import Reply
from command_api.store.pool import open_pool
from command_api.warnings import Warnings
from command_api.writer import Writer


class Ahead(DatabaseClock):
    """A clock that may be put forward."""

    seconds = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.seconds * 1000


async def test_each_customer_is_told_once_in_their_own_channel(
    fresh_database: str,
    start_writer: StartWriter,
    store_venue: StoreVenue,
    admin: asyncpg.Connection,
) -> None:
    await store_venue(plain_venue(10))
    first: Writer = await start_writer()
    for number in range(3):
        await first.submit(hold(f"t{number}", by=f"cus_{number}"))
    long = await first.submit(hold("t4", "t5", by="cus_9", ttl_seconds=900))
    assert isinstance(long, Reply)

    clock = Ahead()
    clock.seconds = 250
    writer = await start_writer(clock=clock)
    pool = await open_pool(fresh_database, "holdfast_relay", application="test", size=2)
    try:
        warnings = Warnings(pool, writer, clock)
        assert await warnings.look() == 3
        assert await warnings.look() == 3
        assert await Warnings(pool, writer, clock).look() == 3
        rows = await admin.fetch(
            "select kind, body from holdfast.events where type like '%customer%' and body::text is not null"
            " and convert_from(body, 'UTF8') like '%hold.expiring%'"
        )
        bodies = [msgspec.json.decode(row["body"]) for row in rows]
        assert {row["kind"] for row in rows} == {"customer"}
        assert sorted(body["channel"] for body in bodies) == [
            f"customer:backroom:cus_{number}" for number in range(3)
        ]
        assert all(body["data"]["channel"] == CHANNEL.name for body in bodies)
    finally:
        pool.terminate()
