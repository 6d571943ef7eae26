"""Real servers for every test that asks: one Postgres and one NATS per session."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.databases import copy_of, make_template

from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
async def postgres_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[EmbeddedPostgres]:
    """A Postgres for the whole session; without fsync, because no test cuts the power."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    async with EmbeddedPostgres(folder, fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: EmbeddedPostgres) -> str:
    """The superuser's DSN of the session's Postgres."""
    return postgres_server.url


@pytest.fixture(scope="session")
async def nats_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedNats]:
    """A NATS with JetStream for the whole session."""
    folder: Path = tmp_path_factory.mktemp("nats")
    async with EmbeddedNats(folder, sync_interval="2m") as server:
        yield server


@pytest.fixture(scope="session")
async def migrated_template(postgres_url: str) -> str:
    """The name of a migrated, empty database, to be copied."""
    return await make_template(postgres_url)


@pytest.fixture
async def fresh_database(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """The superuser's URL of a migrated database of the test's own."""
    async with copy_of(postgres_url, migrated_template) as url:
        yield url


@pytest.fixture(autouse=True)
async def nothing_left_running() -> AsyncIterator[None]:
    """Every task that a test began has ended when the test has; the output of services is read for
    as long as whatever fixture keeps them."""
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    left.discard(asyncio.current_task())
    left = {task for task in left if task.get_name() != "output of a service"}
    if left:
        # what is being cancelled or is about to return may have its turn
        _, left = await asyncio.wait(left, timeout=2)
    assert not left, f"left running: {[task.get_coro() for task in left]}"
