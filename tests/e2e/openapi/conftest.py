"""Both services on servers of their own, with something of every kind in them, for all tests here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest
from tests.e2e.openapi.floor import ASKERS, GATEWAY_ASKERS, PAYMENT_SECRET
from tests.e2e.openapi.seed import seed, seed_gateway
from tests.support.conformity import Conformity, Json
from tests.support.databases import copy_of
from tests.support.services import replicas
from tests.support.until import until

from holdfast_dev.nats import EmbeddedNats


class Pair(NamedTuple):
    """command-api and stream-gateway; `streams` is the gateway's document."""

    api: Conformity
    gateway: Conformity
    streams: Json


async def document_of(url: str) -> Json:
    """What a service says of itself, once it is ready."""
    async with httpx.AsyncClient(base_url=url) as http:

        async def ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await until(ready)
        document: Json = (await http.get("/openapi.json")).json()
        return document


async def conformity(url: str, askers: dict[str, dict[str, str]]) -> Conformity:
    return await asyncio.to_thread(Conformity, url, await document_of(url), askers)


@pytest.fixture(scope="package")
async def pair(
    postgres_url: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    """Many guests, many connections of one address: limits are for others' tests."""
    folder = tmp_path_factory.mktemp("openapi")
    async with (
        copy_of(postgres_url, migrated_template) as database,
        EmbeddedNats(folder / "nats", sync_interval="2m") as nats,
        replicas(database, nats.url, folder) as services,
    ):
        service = await services.command_api(
            HOLDFAST_PAYMENT_SECRETS=PAYMENT_SECRET, HOLDFAST_GUEST_SESSIONS_PER_MINUTE="100000"
        )
        api = await conformity(service.url, ASKERS)
        started = await services.gateway(
            HOLDFAST_COMMAND_API_URL=service.url, HOLDFAST_CHECKPOINT_SECONDS="0.5"
        )
        await asyncio.to_thread(seed, api)
        gateway = await conformity(started.url, GATEWAY_ASKERS)
        seed_gateway(gateway, api)
        yield Pair(api, gateway, await document_of(started.url))
        api.close()
        gateway.close()
