"""A database and a NATS server of its own for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tests.support.event_log import add_venue

from command_api.store.pool import open_pool
from holdfast.runtime.nats import Client, connect_nats
from holdfast_dev.nats import EmbeddedNats

if TYPE_CHECKING:
    from command_api.store.pool import Pool

Connect = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def database(fresh_database: str) -> str:
    """The superuser's URL of a fresh database with one venue, backroom/leeds."""
    connection = await asyncpg.connect(fresh_database)
    await add_venue(connection, "backroom", "leeds")
    await connection.close()
    return fresh_database


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, to write the log with."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[Pool]:
    """A pool of the relay's role."""
    pool = await open_pool(fresh_database, "holdfast_relay", application="test", size=6)
    yield pool
    await pool.close()


@pytest.fixture
async def writer_pool(fresh_database: str) -> AsyncIterator[Pool]:
    """A pool of the writer's role."""
    pool = await open_pool(fresh_database, "holdfast_writer", application="test", size=6)
    yield pool
    await pool.close()


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    async with EmbeddedNats(tmp_path / "nats", sync_interval="2m") as server:
        yield server


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens NATS connections that are closed with the test."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str) -> Client:
            client = await connect_nats(url, "test")
            stack.push_async_callback(client.close)
            return client

        yield open_one


@pytest.fixture
async def nc(nats: EmbeddedNats, connect: Connect) -> Client:
    return await connect(nats.url)
