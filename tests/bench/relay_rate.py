"""How fast the relay drains a log, against publishing the same messages one by one.

    PYTHONPATH=. .venv/bin/python tests/bench/relay_rate.py

Postgres with fsync, NATS with `sync_interval: always`, all on this machine. Budget: 10,000
events/s.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from tests.support.event_log import DAY, add_venue
from tests.support.relay import drained, running

from command_api.envelope import envelope
from command_api.publish import Publisher
from command_api.relay import Relay
from command_api.store.migrate import migrate
from command_api.store.pool import open_pool
from command_api.store.relay import LogRow, RelayStore
from holdfast.contracts.channels import ChannelKey
from holdfast.runtime.nats import connect_nats
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from command_api.store.pool import Pool
    from holdfast.runtime.nats import Client

BODY = b'{"eventType":"availability.updated","padding":"' + b"x" * 450 + b'"}'

FILL = """
with made as (
    insert into holdfast.heads (club, head, kind, venue, date, slot, version, position, updated_ms)
    select 'backroom', 'c:leeds:' || $4::text || ':' || $1 || i, 'channel', 'leeds',
        $4::text::date, $1 || i, $3, $3, 1
    from generate_series(1, $2::int) i
    returning head, slot
)
insert into holdfast.events
    (club, head, date, position, version, kind, subject, type, command_id, at_ms, body)
select 'backroom', head, $4::text::date, p, p, 'availability',
    'availability.v1.backroom.leeds.' || $4::text || '.' || slot,
    'holdfast.availability.updated.v1', 'c',
    floor(extract(epoch from clock_timestamp()) * 1000), $5
from made, generate_series(1, $3::int) p
"""


async def fill(connection: asyncpg.Connection, channels: int, rows: int) -> int:
    """`rows` events on each of `channels` new channels; answers how many in all."""
    await connection.execute(FILL, uuid.uuid4().hex[:6], channels, rows, DAY, BODY)
    return channels * rows


async def relayed(
    connection: asyncpg.Connection, pool: Pool, nc: Client, shape: tuple[int, int]
) -> float:
    """Events per second of the relay, from a log of (channels, rows each)."""
    number = await fill(connection, *shape)
    began = time.perf_counter()
    async with running(Relay(pool, nc)):
        await drained(pool, timeout=300)
    return number / (time.perf_counter() - began)


async def one_by_one(nc: Client, number: int, in_flight: int) -> float:
    """Messages per second by single requests."""
    publisher = Publisher(nc)
    prefix = uuid.uuid4().hex[:6]

    async def publish(worker: int) -> None:
        key = ChannelKey("backroom", "leeds", DAY, f"{prefix}{worker}")
        last = 0
        for version in range(1, number // in_flight + 1):
            subject = f"availability.v1.backroom.leeds.{DAY}.{key.slot}"
            row = LogRow(version, version, "availability", subject, "t", 0, BODY)
            last = (await publisher.one(envelope(key, row, "bench", last))).seq

    began = time.perf_counter()
    await asyncio.gather(*(publish(worker) for worker in range(in_flight)))
    return number / (time.perf_counter() - began)


async def sweep_ms(pool: Pool, repeats: int = 5) -> float:
    """Milliseconds of one sweep."""
    store = RelayStore(pool)
    began = time.perf_counter()
    for _ in range(repeats):
        await store.behind(20_000)
    return (time.perf_counter() - began) / repeats * 1000


async def idle_latency(connection: asyncpg.Connection, pool: Pool, nc: Client) -> list[float]:
    """Milliseconds from a wake-up to the message's arrival, one event at a time; sorted."""
    relay = Relay(pool, nc)
    arrived = asyncio.Event()

    async def take(_: object) -> None:
        arrived.set()

    took = []
    async with running(relay):
        await drained(pool)
        subscription = await nc.subscribe("availability.v1.>", cb=take)
        for _ in range(200):
            arrived.clear()
            slot = uuid.uuid4().hex[:6]
            await connection.execute(FILL, slot, 1, 1, DAY, BODY)
            began = time.perf_counter()
            relay.wake([ChannelKey("backroom", "leeds", DAY, f"{slot}1")])
            await arrived.wait()
            took.append((time.perf_counter() - began) * 1000)
        await subscription.unsubscribe()
    return sorted(took)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            EmbeddedPostgres(Path(folder) / "pg") as postgres,
            EmbeddedNats(Path(folder) / "nats") as server,
        ):
            await migrate(postgres.url)
            connection = await asyncpg.connect(postgres.url)
            await add_venue(connection, "backroom", "leeds")
            pool = await open_pool(postgres.url, "holdfast_relay", application="bench", size=4)
            nc = await connect_nats(server.url, "bench")
            await relayed(connection, pool, nc, (1, 1))
            base = await one_by_one(nc, 4000, 1)
            print(f"one by one, 1 in flight     {base:9,.0f} events/s")
            print(f"one by one, 64 in flight    {await one_by_one(nc, 12_800, 64):9,.0f} events/s")
            for shape in ((2_000, 10), (10_000, 5), (1, 20_000), (20, 1_000)):
                rate = await relayed(connection, pool, nc, shape)
                name = f"{shape[0]} channels x {shape[1]}"
                print(f"relay, {name:20} {rate:9,.0f} events/s  {rate / base:5.1f}x")
            print(f"sweep of 12,000 channels    {await sweep_ms(pool):9.1f} ms")
            took = await idle_latency(connection, pool, nc)
            print(f"wake-up to message          p50 {took[100]:.2f} ms  p99 {took[198]:.2f} ms")
            await nc.close()
            await pool.close()
            await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
