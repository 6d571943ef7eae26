"""Real servers for every test that asks: one Postgres and one NATS per session."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

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
