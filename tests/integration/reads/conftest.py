"""One house for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.reads.house import House, restaurant

from command_api.clock import DatabaseClock
from command_api.store.pool import open_pool
from command_api.store.reads import Reads
from command_api.store.venues import put_venue
from command_api.writer import Writer
from holdfast.contracts.venues import ClubDefinition


@pytest.fixture
async def house(fresh_database: str) -> AsyncIterator[House]:
    pool = await open_pool(fresh_database, "holdfast_writer", application="test", size=4)
    platform = await open_pool(fresh_database, "holdfast_relay", application="test", size=2)
    clock = DatabaseClock()
    writer = Writer(fresh_database, pool, clock)
    await writer.start()
    try:
        reads = Reads(pool, platform)
        await reads.put_club("backroom", ClubDefinition(name="Backroom"))
        await put_venue(pool, "backroom", "leeds", restaurant(), None)
        house = House(pool, reads, writer, clock)
        yield house
        await house.http.aclose()
    finally:
        await writer.stop()
        await pool.close()
        await platform.close()
