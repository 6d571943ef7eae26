"""One database and one writer for all of these tests, and a venue of its own for each."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
from tests.integration.reads.house import Engine, House, restaurant
from tests.support.databases import copy_of

from command_api.clock import DatabaseClock
from command_api.store.pool import open_pool
from command_api.store.reads import Reads
from command_api.store.venues import put_venue
from command_api.writer import Writer
from holdfast.contracts.venues import ClubDefinition

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def engine(postgres_url: str, migrated_template: str) -> AsyncIterator[Engine]:
    async with copy_of(postgres_url, migrated_template) as database:
        pool = await open_pool(database, "holdfast_writer", application="test", size=4)
        platform = await open_pool(database, "holdfast_relay", application="test", size=2)
        clock = DatabaseClock()
        writer = Writer(database, pool, clock)
        await writer.start()
        try:
            await Reads(pool, platform).put_club("backroom", ClubDefinition(name="Backroom"))
            yield Engine(database, pool, platform, writer, clock)
        finally:
            await writer.stop()
            await pool.close()
            await platform.close()


@pytest.fixture
async def house(engine: Engine) -> AsyncIterator[House]:
    venue = f"leeds-{next(_numbers)}"
    await put_venue(engine.pool, "backroom", venue, restaurant(), None)
    house = House(engine, venue)
    yield house
    await house.http.aclose()
