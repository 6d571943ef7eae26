"""Doubt about history: a new epoch, and the window published again. No doubt: none."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.event_log import append, channels
from tests.support.jetstream import last_seq, stored, versions
from tests.support.relay import count, drained, epochs, running
from tests.support.until import until

from command_api.relay import Relay
from command_api.relay_metrics import RelayMetrics
from command_api.streams import StreamSettings, live_info
from holdfast.contracts.subjects import LIVE_SECONDS, availability_subject
from holdfast.runtime.nats import ApiError, jetstream_api

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

    from command_api.store.pool import Pool
    from holdfast.contracts.channels import ChannelKey
    from holdfast.runtime.nats import Client
    from holdfast_dev.nats import EmbeddedNats


def hours_ago(hours: float) -> int:
    return int((time.time() - hours * 3600) * 1000)


async def old_and_new(connection: asyncpg.Connection, keys: list[ChannelKey]) -> None:
    """Four versions each: two from before the window, with notices, two from within."""
    for key in keys:
        for age in (60, 49, 40, 0.1):
            await append(connection, key, ["notice", "availability"], at_ms=hours_ago(age))


async def test_a_stream_deleted_while_running(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    keys = channels(30)
    await old_and_new(connection, keys)
    await append(connection, channels(31)[30], at_ms=hours_ago(60))
    relay = Relay(pool, nc)
    async with running(relay):
        await drained(pool)
        before = relay.epoch
        await jetstream_api(nc, "STREAM.DELETE.LIVE")
        await until(lambda: relay.epoch != before)
        await drained(pool)
        await append(connection, keys[0])
        await drained(pool)

    live = await stored(nc, "LIVE")
    assert versions(live) == {key.name: [3, 4, 5] if key == keys[0] else [3, 4] for key in keys}
    assert {message.epoch for message in live} == {relay.epoch}
    info = await live_info(nc)
    assert info is not None
    assert info.epoch == relay.epoch
    # Notices of the window come again, under new message ids and the ids that consumers know.
    ids = [message.headers["ce-id"] for message in await stored(nc, "BOOKINGS")]
    assert len(ids) == 30 * 6
    assert len(set(ids)) == 30 * 4


async def test_a_stream_deleted_while_no_relay_ran(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    keys = channels(3)
    await old_and_new(connection, keys)
    for expected in ([1, 2, 3, 4], [3, 4]):
        relay = Relay(pool, nc)
        async with running(relay):
            await until(lambda: relay.ready)  # noqa: B023
            await drained(pool)
        live = await stored(nc, "LIVE")
        assert versions(live, relay.epoch) == {key.name: expected for key in keys}
        await jetstream_api(nc, "STREAM.DELETE.LIVE")


async def test_what_was_never_published_is_however_old(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    [key] = channels(1)
    relay = Relay(pool, nc)
    async with running(relay):
        await until(lambda: relay.ready)
    await append(connection, key, ["availability"] * 3, at_ms=hours_ago(72))
    await jetstream_api(nc, "STREAM.DELETE.LIVE")
    async with running(relay):
        await drained(pool)
    assert versions(await stored(nc, "LIVE")) == {key.name: [1, 2, 3]}


@pytest.mark.parametrize("rows_after", [0, 30], ids=["quiet", "busy"])
async def test_a_stream_rolled_back(
    connection: asyncpg.Connection,
    pool: Pool,
    nats: EmbeddedNats,
    nc: Client,
    tmp_path: Path,
    rows_after: int,
) -> None:
    keys = channels(20)
    store = tmp_path / "nats" / "store"
    metrics = RelayMetrics()
    relay = Relay(pool, nc, metrics=metrics, timeout=0.5)
    async with running(relay):
        for key in keys:
            await append(connection, key)
        await drained(pool)
        before = relay.epoch
        await nats.stop()
        shutil.copytree(store, tmp_path / "backup")
        await nats.start()
        for key in keys:
            await append(connection, key)
        await drained(pool)
        assert relay.epoch == before

        await nats.stop()
        shutil.rmtree(store)
        shutil.move(tmp_path / "backup", store)
        # More than was lost: the sequence alone does not tell, once these are in.
        for _ in range(rows_after):
            await append(connection, keys[0])
        await nats.start()
        await until(lambda: relay.epoch != before)
        await drained(pool)

    found = versions(await stored(nc, "LIVE"), relay.epoch)
    assert found == {
        key.name: list(range(1, 3 + (rows_after if key == keys[0] else 0))) for key in keys
    }
    assert epochs(metrics) == 2


async def test_a_stream_made_anew_that_has_gone_further(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    """Its sequences say nothing; only the epoch in its metadata is missing."""
    keys = channels(20)
    metrics = RelayMetrics()
    relay = Relay(pool, nc, metrics=metrics)
    async with running(relay):
        await old_and_new(connection, keys)
        await drained(pool)
        before = relay.epoch
        config = (await jetstream_api(nc, "STREAM.INFO.LIVE"))["config"]
        await jetstream_api(nc, "STREAM.DELETE.LIVE")
        again = {**config, "first_seq": 10_000, "metadata": {}}
        await jetstream_api(nc, "STREAM.CREATE.LIVE", again)
        await until(lambda: relay.epoch != before)
        await drained(pool)
    found = versions(await stored(nc, "LIVE"), relay.epoch)
    assert found == {key.name: [3, 4] for key in keys}
    assert epochs(metrics) == 2


@pytest.mark.parametrize("number", [3, 40], ids=["singles", "batch"])
async def test_subjects_that_aged_out_go_on_in_the_same_epoch(
    connection: asyncpg.Connection, pool: Pool, nc: Client, number: int
) -> None:
    keys = channels(number)
    metrics = RelayMetrics()
    settings = StreamSettings(live_seconds=1, duplicate_seconds=1)
    relay = Relay(pool, nc, settings=settings, metrics=metrics)

    async def is_empty() -> bool:
        info = await jetstream_api(nc, "STREAM.INFO.LIVE")
        return bool(info["state"]["messages"] == 0)

    async with running(relay):
        for last in (1, 2):
            for key in keys:
                await append(connection, key)
            await drained(pool)
            assert (
                await pool.fetchval("select min(published_version) from holdfast.progress") == last
            )
            await until(is_empty)
            seen = await last_seq(nc, "LIVE")
            await until(lambda: relay._epochs.first_seq > seen)  # noqa: B023
    assert epochs(metrics) == 1
    assert count(metrics, "batch_10071") == 0, "known beforehand"


async def test_a_foreign_message_behind_our_own(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    [key] = channels(1)
    metrics = RelayMetrics()
    relay = Relay(pool, nc, metrics=metrics)
    async with running(relay):
        await append(connection, key, ["availability"] * 3)
        await drained(pool)
        await nc.request(availability_subject(key), b"{}", timeout=2)
        await append(connection, key)
        await drained(pool)
    assert versions(await stored(nc, "LIVE"), relay.epoch) == {key.name: [1, 2, 3, 4]}
    assert epochs(metrics) == 2


async def test_a_log_that_went_back(connection: asyncpg.Connection, pool: Pool, nc: Client) -> None:
    [key] = channels(1)
    metrics = RelayMetrics()
    relay = Relay(pool, nc, metrics=metrics)
    async with running(relay):
        await append(connection, key, ["availability"] * 3)
        await drained(pool)
    # Postgres comes back without the third, and another third happens.
    await connection.execute("delete from holdfast.events where position = 3")
    await connection.execute("update holdfast.heads set version = 2, position = 2")
    await connection.execute(
        "update holdfast.progress set published_version = 2, published_position = 2,"
        " published_seq = published_seq - 1"
    )
    await append(connection, key, bodies=[b'{"another":3}'])
    async with running(relay):
        await drained(pool)

    live = await stored(nc, "LIVE")
    assert versions(live, relay.epoch) == {key.name: [1, 2, 3]}
    assert live[-1].body == b'{"another":3}'
    assert epochs(metrics) == 2


async def test_a_new_database_on_an_old_stream(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    keys = channels(30)
    relays = [Relay(pool, nc), Relay(pool, nc)]
    for relay in relays:
        for key in keys:
            await append(connection, key)
        async with running(relay):
            await drained(pool)
        await connection.execute(
            "truncate holdfast.events, holdfast.progress, holdfast.relay_state"
        )
        await connection.execute("update holdfast.heads set version = 0, position = 0")
    live = await stored(nc, "LIVE")
    for relay in relays:
        assert versions(live, relay.epoch) == {key.name: [1] for key in keys}


async def test_limits_are_mended_and_the_stream_is_kept(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    await jetstream_api(
        nc,
        "STREAM.CREATE.BOOKINGS",
        {"name": "BOOKINGS", "subjects": ["bookings.v1.>"], "max_age": 60 * 10**9},
    )
    await nc.request("bookings.v1.a.b.hold.created", b"kept", timeout=2)
    relay = Relay(pool, nc)
    async with running(relay):
        await until(lambda: relay.ready)
    config = (await jetstream_api(nc, "STREAM.INFO.BOOKINGS"))["config"]
    assert config["max_age"] == 30 * 86_400 * 10**9
    assert config["allow_atomic"] is True
    assert [message.body for message in await stored(nc, "BOOKINGS")] == [b"kept"]
    live = (await jetstream_api(nc, "STREAM.INFO.LIVE"))["config"]
    assert live["max_age"] == LIVE_SECONDS * 10**9
    for verb in ("STREAM.PURGE.LIVE", "STREAM.MSG.DELETE.LIVE"):
        with pytest.raises(ApiError):
            await jetstream_api(nc, verb, {"seq": 1})
