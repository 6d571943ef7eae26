"""The whole pair for one test: its own database and NATS, services on free ports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.client import Api, World
from tests.support.databases import copy_of
from tests.support.services import replicas

from holdfast.runtime.nats import connect_nats
from holdfast_dev.nats import EmbeddedNats


@pytest.fixture
async def world(postgres_url: str, migrated_template: str, tmp_path: Path) -> AsyncIterator[World]:
    """A fresh database, a fresh NATS, and the means to start services on them."""
    async with (
        copy_of(postgres_url, migrated_template) as database,
        EmbeddedNats(tmp_path / "nats", sync_interval="2m") as nats,
        replicas(database, nats.url, tmp_path) as services,
    ):
        nc = await connect_nats(nats.url, "test")
        try:
            yield World(database, nats, services, nc)
        finally:
            await nc.close()


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    """One command-api with club backroom and venue leeds of 50 tables."""
    service = await world.services.command_api()
    async with Api(service.url) as api:
        await api.set_up()
        yield api
