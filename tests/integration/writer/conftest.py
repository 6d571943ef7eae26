"""Writers as replicas have them, on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tests.support.commands import plain_venue

from command_api.clock import DatabaseClock
from command_api.store.pool import open_pool
from command_api.store.reads import Reads
from command_api.store.venues import VenueStored, put_venue
from command_api.writer import Writer
from holdfast.contracts.venues import ClubDefinition, VenueDefinition

if TYPE_CHECKING:
    from command_api.store.pool import Pool

StartWriter = Callable[..., Awaitable[Writer]]
StoreVenue = Callable[[VenueDefinition], Awaitable[VenueStored]]


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(fresh_database, "holdfast_writer", application="test", size=6)
    yield pool
    await pool.close()


@pytest.fixture
async def reads(fresh_database: str, pool: Pool) -> AsyncIterator[Reads]:
    platform = await open_pool(fresh_database, "holdfast_relay", application="test", size=2)
    yield Reads(pool, platform)
    await platform.close()


@pytest.fixture
async def admin(fresh_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, to look at everything."""
    connection = await asyncpg.connect(fresh_database)
    yield connection
    await connection.close()


@pytest.fixture
async def store_venue(pool: Pool, reads: Reads) -> StoreVenue:
    """Stores backroom/leeds, over what is there."""
    await reads.put_club("backroom", ClubDefinition(name="Backroom"))

    async def store(definition: VenueDefinition) -> VenueStored:
        current = await reads.venue("backroom", "leeds")
        revision = current.revision if current else None
        return await put_venue(pool, "backroom", "leeds", definition, revision)

    return store


@pytest.fixture
async def start_writer(fresh_database: str) -> AsyncIterator[StartWriter]:
    """Starts a replica's writer; the argument is another URL of the same database (a proxy's)."""
    async with AsyncExitStack() as stack:

        async def start(url: str = fresh_database, *, clock: DatabaseClock | None = None) -> Writer:
            pool = await open_pool(url, "holdfast_writer", application="test", size=6)

            async def close() -> None:
                pool.terminate()

            stack.push_async_callback(close)
            writer = Writer(url, pool, clock or DatabaseClock())
            await writer.start()
            stack.push_async_callback(writer.stop)
            return writer

        yield start


@pytest.fixture
async def writer(start_writer: StartWriter, store_venue: StoreVenue) -> Writer:
    """One replica, and a venue of 50 tables."""
    await store_venue(plain_venue(50))
    return await start_writer()
