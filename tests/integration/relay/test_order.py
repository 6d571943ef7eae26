"""Everything once, in order, dense per channel, whatever the order of commits."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import asyncpg
from tests.support.event_log import append, channels
from tests.support.jetstream import stored, versions
from tests.support.relay import drained, running
from tests.support.until import until

from command_api.relay import Relay
from holdfast.contracts.channels import ChannelKey
from holdfast.runtime.nats import Client

if TYPE_CHECKING:
    from command_api.store.pool import Pool

CHANNELS = 2000


async def test_thousands_of_channels_with_commits_out_of_order(
    database: str, pool: Pool, nc: Client
) -> None:
    keys = channels(CHANNELS)
    made: dict[ChannelKey, int] = {}
    chance = random.Random(7)
    work = [key for key in keys for _ in range(3)]
    chance.shuffle(work)

    async def write(part: list[ChannelKey]) -> None:
        connection = await asyncpg.connect(database)
        for key in part:
            async with connection.transaction():
                made[key] = max(made.get(key, 0), await append(connection, key))
                if chance.random() < 0.05:  # commits late, after many with higher ids
                    await asyncio.sleep(0.02)
        await connection.close()

    async with running(Relay(pool, nc)):
        await asyncio.gather(*(write(work[i::8]) for i in range(8)))
        await drained(pool)

    found = versions(await stored(nc, "LIVE"))
    assert found == {key.name: list(range(1, made[key] + 1)) for key in keys}


async def test_a_hot_channel_in_long_stretches(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    [key] = channels(1)
    relay = Relay(pool, nc)
    relay._sweep = asyncio.Event().wait  # type: ignore[assignment, method-assign]
    async with running(relay):
        await until(lambda: relay.ready)
        for _ in range(5):
            await append(connection, key, ["availability", "notice", "customer"] * 300)
        relay.wake([key])  # once, for many rounds
        await drained(pool)

    live = await stored(nc, "LIVE")
    assert versions(live) == {key.name: list(range(1, 1501))}
    assert len([m for m in live if m.subject.startswith("customers.")]) == 1500
    assert len(await stored(nc, "BOOKINGS")) == 1500


async def test_messages_are_cloud_events_with_the_body_as_logged(
    connection: asyncpg.Connection, pool: Pool, nc: Client
) -> None:
    [key] = channels(1)
    await append(connection, key, ["availability", "notice"], at_ms=1_790_000_000_123)
    relay = Relay(pool, nc)
    async with running(relay):
        await drained(pool)

    [event] = await stored(nc, "LIVE")
    [notice] = await stored(nc, "BOOKINGS")
    body = await connection.fetchval("select body from holdfast.events where position = 1")
    assert event.body == body
    assert event.subject == f"availability.v1.backroom.leeds.{key.date}.slot_0"
    assert event.headers == {
        "ce-specversion": "1.0",
        "ce-id": f"{key.name}@1",
        "ce-source": "/clubs/backroom/venues/leeds",
        "ce-type": "holdfast.availability.updated.v1",
        "ce-time": "2026-09-21T14:13:20.123Z",
        "content-type": "application/json",
        "Holdfast-Epoch": relay.epoch,
        "Nats-Msg-Id": f"{relay.epoch}/{key.name}/1",
        "Nats-Expected-Last-Subject-Sequence": "0",
    }
    assert notice.message_id == f"{relay.epoch}/{key.name}/@2"
    assert notice.headers["ce-id"] == f"{key.name}@2"


async def test_a_wake_up_is_enough(connection: asyncpg.Connection, pool: Pool, nc: Client) -> None:
    [key] = channels(1)
    relay = Relay(pool, nc)
    async with running(relay):
        await drained(pool)
        for _ in range(20):
            await append(connection, key)
            relay.wake([key])
            await drained(pool)
    assert versions(await stored(nc, "LIVE")) == {key.name: list(range(1, 21))}
