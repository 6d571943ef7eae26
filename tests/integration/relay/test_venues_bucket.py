"""The bucket `VENUES` follows the definitions in Postgres; hints tell the leader at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.commands import plain_venue
from tests.support.event_log import append, channels
from tests.support.relay import running
from tests.support.until import until

from command_api.bucket import Bucket
from command_api.hints import Hints
from command_api.relay import Relay
from command_api.store.reads import Reads
from command_api.store.venues import put_venue
from command_api.streams import StreamSettings, ensure_streams
from command_api.venues_bucket import VenuesBucket
from holdfast.contracts.venues import ClubDefinition, Policy, VenueRecord
from holdfast.runtime.nats import jetstream_api

if TYPE_CHECKING:
    import asyncpg
    from tests.integration.relay.conftest import Connect

    from command_api.store.pool import Pool
    from holdfast.runtime.nats import Client
    from holdfast_dev.nats import EmbeddedNats


@pytest.fixture
async def bucket(nc: Client, pool: Pool, writer_pool: Pool) -> Bucket:
    await ensure_streams(nc, StreamSettings())
    await Reads(writer_pool, pool).put_club("backroom", ClubDefinition(name="Backroom"))
    for venue in ("york", "hull"):
        await put_venue(writer_pool, "backroom", venue, plain_venue(3), None)
    return Bucket(nc, "VENUES")


async def record(bucket: Bucket, venue: str) -> VenueRecord | None:
    head = await bucket.get(f"backroom.{venue}")
    return None if head is None else msgspec.json.decode(head.body, type=VenueRecord)


async def shows(bucket: Bucket, venue: str, revision: int) -> None:
    async def is_there() -> bool:
        found = await record(bucket, venue)
        return found is not None and found.revision == revision

    await until(is_there)


async def test_follows_the_definitions(
    pool: Pool, nc: Client, writer_pool: Pool, bucket: Bucket
) -> None:
    changes: list[tuple[str, str]] = []
    venues = VenuesBucket(pool, nc, on_change=lambda *place: changes.append(place))
    async with running(venues):
        await shows(bucket, "york", 1)
        await shows(bucket, "hull", 1)
        private = plain_venue(3, Policy(public_read=False))
        stored = await put_venue(writer_pool, "backroom", "york", private, 1)
        venues.changed("backroom", "york")
        await shows(bucket, "york", 2)

    found = await record(bucket, "york")
    assert found == VenueRecord(
        club_id="backroom",
        venue_id="york",
        name="Leeds",
        timezone="UTC",
        public_read=False,
        revision=2,
        layout_version=stored.venue.layout_version,
        slots=private.slots,
        booking_horizon_days=400,
    )
    assert changes[-1] == ("backroom", "york")


async def test_the_next_leader_writes_what_is_missing_and_nothing_else(
    pool: Pool, nc: Client, writer_pool: Pool, bucket: Bucket
) -> None:
    async with running(VenuesBucket(pool, nc)):
        await shows(bucket, "york", 1)
        await shows(bucket, "hull", 1)
    await put_venue(writer_pool, "backroom", "hull", plain_venue(4), 1)
    async with running(VenuesBucket(pool, nc)), running(VenuesBucket(pool, nc)):
        await shows(bucket, "hull", 2)
    info = await jetstream_api(nc, "STREAM.INFO.KV_VENUES")
    assert info["state"]["messages"] == 2
    assert info["state"]["last_seq"] == 3


async def test_hints_reach_the_leader_on_another_replica(
    connection: asyncpg.Connection,
    pool: Pool,
    nats: EmbeddedNats,
    nc: Client,
    connect: Connect,
    writer_pool: Pool,
    bucket: Bucket,
) -> None:
    relay, venues = Relay(pool, nc), VenuesBucket(pool, nc)
    leader = Hints(nc, relay, venues, lambda: True)
    far = await connect(nats.url)
    follower = Hints(far, Relay(pool, far), VenuesBucket(pool, far), lambda: False)
    await leader.start()
    await follower.start()
    await nc.flush()
    relay._sweep = forever  # type: ignore[method-assign]
    [key] = channels(1)
    async with running(relay), running(venues):
        await until(lambda: relay.ready)
        await shows(bucket, "york", 1)
        for version in (1, 2):
            await append(connection, key)
            follower.committed([key])
            await put_venue(writer_pool, "backroom", "york", plain_venue(3 + version), version)
            follower.venue_changed("backroom", "york")
            await shows(bucket, "york", version + 1)

        async def published() -> bool:
            return bool(
                await pool.fetchval("select max(published_version) from holdfast.progress") == 2
            )

        await until(published)
    await follower.stop()
    await leader.stop()


async def forever() -> None:
    """Instead of the sweep: only hints wake."""
