"""Crashes, lost acks and two relays at once: every version once and in order all the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tests.support.event_log import append, channels
from tests.support.jetstream import last_seq, stored, versions
from tests.support.relay import count, drained, epochs, running
from tests.support.tcp_proxy import TcpProxy
from tests.support.until import until

from command_api.relay import Relay
from command_api.relay_metrics import RelayMetrics
from command_api.store.pool import open_pool
from command_api.streams import StreamSettings

if TYPE_CHECKING:
    from tests.integration.relay.conftest import Connect

    from command_api.store.pool import Pool
    from holdfast.contracts.channels import ChannelKey
    from holdfast.runtime.nats import Client
    from holdfast_dev.nats import EmbeddedNats

SHAPES = pytest.mark.parametrize(("number", "rows"), [(1, 1), (1, 40), (5, 1), (200, 3)], ids=str)


async def fill(connection: asyncpg.Connection, keys: list[ChannelKey], rows: int) -> None:
    for key in keys:
        await append(connection, key, ["availability", "notice", "customer"] * rows)


async def expect(nc: Client, keys: list[ChannelKey], rows: int) -> None:
    """Versions 1 to `rows` of every channel, once and in order; notices at least once."""
    assert versions(await stored(nc, "LIVE")) == {
        key.name: list(range(1, rows + 1)) for key in keys
    }
    notices = {message.headers["ce-id"] for message in await stored(nc, "BOOKINGS")}
    assert notices == {f"{key.name}@{3 * i + 2}" for key in keys for i in range(rows)}


async def forgets(nc: Client) -> bool:
    """Whether the ids of all messages up to now are outside the window for duplicates."""
    async with asyncio.timeout(5):
        for attempt in range(1_000_000):
            reply = await nc.request(
                "customers.v1.probe.x", b"", headers={"Nats-Msg-Id": "probe"}, timeout=2
            )
            if attempt and b'"duplicate"' not in reply.data:
                return True
    return False


@SHAPES
@pytest.mark.parametrize("forgotten", [False, True], ids=["at once", "later"])
async def test_a_crash_between_publishing_and_noting_it(
    connection: asyncpg.Connection,
    pool: Pool,
    nc: Client,
    number: int,
    rows: int,
    forgotten: bool,
) -> None:
    """Also when the stream no longer knows the message ids, and only sequences fence."""
    keys = channels(number)
    await fill(connection, keys, rows)
    crashed = asyncio.Event()

    async def never(*_: object) -> None:
        crashed.set()
        await asyncio.Event().wait()

    settings = StreamSettings(duplicate_seconds=1)
    first = Relay(pool, nc, settings=settings)
    first._store.save = never  # type: ignore[assignment, method-assign]
    async with running(first):
        await crashed.wait()
    assert await pool.fetchval("select count(*) from holdfast.progress") == 0
    assert await last_seq(nc, "LIVE") > 0

    if forgotten:
        await until(lambda: forgets(nc))
    metrics = RelayMetrics()
    second = Relay(pool, nc, settings=settings, metrics=metrics)
    async with running(second):
        await drained(pool)

    await expect(nc, keys, rows)
    assert second.epoch == first.epoch
    assert count(metrics, "adopted") >= 1


@SHAPES
async def test_acks_lost_with_the_connection(
    connection: asyncpg.Connection,
    pool: Pool,
    nats: EmbeddedNats,
    nc: Client,
    connect: Connect,
    number: int,
    rows: int,
) -> None:
    keys = channels(number)
    metrics = RelayMetrics()
    async with TcpProxy(nats.port) as proxy:
        relay = Relay(
            pool, await connect(f"nats://127.0.0.1:{proxy.port}"), metrics=metrics, timeout=0.3
        )
        async with running(relay):
            await until(lambda: relay.ready)
            proxy.stall()
            await fill(connection, keys, rows)
            await until(lambda: proxy.swallowed > 0)
            proxy.cut()
            await drained(pool)

    await expect(nc, keys, rows)
    assert count(metrics, "outage") >= 1
    assert epochs(metrics) == 1


async def test_answers_that_come_too_late(
    connection: asyncpg.Connection, pool: Pool, nats: EmbeddedNats, nc: Client, connect: Connect
) -> None:
    keys = channels(3)
    metrics = RelayMetrics()
    async with TcpProxy(nats.port) as proxy:
        relay = Relay(
            pool, await connect(f"nats://127.0.0.1:{proxy.port}"), metrics=metrics, timeout=0.2
        )
        async with running(relay):
            await until(lambda: relay.ready)
            proxy.stall()
            await fill(connection, keys, 1)
            await until(lambda: count(metrics, "outage") >= 1)
            proxy.resume()
            await drained(pool)

    await expect(nc, keys, 1)
    assert count(metrics, "adopted") == 3
    assert epochs(metrics) == 1


async def test_two_relays_at_once(
    database: str, pool: Pool, nats: EmbeddedNats, nc: Client, connect: Connect
) -> None:
    keys = channels(150)
    metrics = RelayMetrics()
    other_pool = await open_pool(database, "holdfast_relay", application="other", size=4)
    relays = [
        Relay(pool, nc, metrics=metrics),
        Relay(other_pool, await connect(nats.url), metrics=metrics),
    ]

    async def write(part: list[ChannelKey]) -> None:
        connection = await asyncpg.connect(database)
        for _ in range(8):
            for key in part:
                await append(connection, key, ["availability", "notice", "customer"])
                for relay in relays:
                    relay.wake([key])
        await connection.close()

    async with running(relays[0]), running(relays[1]):
        await asyncio.gather(*(write(keys[i::4]) for i in range(4)))
        await drained(pool)

    await expect(nc, keys, 8)
    assert epochs(metrics) == 1
    assert relays[0].epoch == relays[1].epoch
    await other_pool.close()


async def test_the_server_restarts_under_load(
    database: str, pool: Pool, nats: EmbeddedNats, nc: Client
) -> None:
    keys = channels(50)

    async def write() -> None:
        connection = await asyncpg.connect(database)
        for _ in range(20):
            for key in keys:
                await append(connection, key, ["availability", "notice", "customer"])
        await connection.close()

    metrics = RelayMetrics()
    async with running(Relay(pool, nc, metrics=metrics, timeout=0.5)):
        writing = asyncio.create_task(write())
        await until(lambda: epochs(metrics) == 1)
        for _ in range(2):
            await nats.stop()
            await nats.start()
        await writing
        await drained(pool)

    await expect(nc, keys, 20)
    assert epochs(metrics) == 1


async def test_postgres_sessions_are_killed(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    keys = channels(50)
    metrics = RelayMetrics()
    relay = Relay(pool, nc, metrics=metrics)
    async with running(relay):
        await until(lambda: relay.ready)
        for _ in range(10):
            await fill(connection, keys[:10], 1)
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'test' and datname = current_database()"
            )
        await drained(connection)

    await expect(nc, keys[:10], 10)
    assert epochs(metrics) == 1


async def test_stops_at_whatever_moment_it_is_told_to(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    for number in range(30):
        await connection.execute("truncate holdfast.relay_state")
        await append(connection, channels(1)[0])
        task = asyncio.create_task(Relay(pool, nc).run())
        await asyncio.sleep(0.0005 * number)  # somewhere between connecting and publishing
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, number
