"""A database and a NATS server of its own for every test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.support.event_log import add_venue

from command_api.store.migrate import migrate
from command_api.store.pool import open_pool
from holdfast.runtime.nats import Client, connect_nats
from holdfast_dev.nats import EmbeddedNats

if TYPE_CHECKING:
    from command_api.store.pool import Pool

Connection = asyncpg.Connection


def database_url(server_url: str, name: str) -> str:
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
async def template(postgres_url: str) -> str:
    """A migrated database, to be copied."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"create database {name}")
    await connection.close()
    await migrate(database_url(postgres_url, name))
    return name


@pytest.fixture
async def database(postgres_url: str, template: str) -> AsyncIterator[str]:
    """The superuser's URL of a fresh database with one venue, backroom/leeds."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"create database {name} template {template}")
    url = database_url(postgres_url, name)
    connection = await asyncpg.connect(url)
    await add_venue(connection, "backroom", "leeds")
    await connection.close()
    yield url
    await server.execute(f"drop database {name} with (force)")
    await server.close()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """A superuser's connection, to write the log with."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool of the relay's role."""
    pool = await open_pool(database, "holdfast_relay", application="test", size=4)
    yield pool
    await pool.close()


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    async with EmbeddedNats(tmp_path / "nats", sync_interval="2m") as server:
        yield server


Connect = Callable[[str], Awaitable[Client]]


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
