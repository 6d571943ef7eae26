"""A gateway in this process or as one of its own, on the session's NATS with fresh streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.support.live_publisher import CLUB, LivePublisher, live_publisher
from tests.support.services import SECRET, Service, bearer
from tests.support.until import until

from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway
from stream_gateway.config import Config

SECRETS = ("cus_secret", "rec_secret", "actor", "holdId", "bookingId", "claims", "reason")
"""What the public never reads."""
STAFF = bearer("manager", CLUB, "staff_1")
Start = Callable[..., Awaitable[Gateway]]


def settings(nats_url: str, **changed: Any) -> Config:
    """Quick ones, for tests."""
    values: dict[str, Any] = {
        "nats_url": nats_url,
        "jwt_secret": SECRET,
        "stream_gateway_host": "127.0.0.1",
        "stream_gateway_port": 0,
        "heartbeat_seconds": 0.2,
        "verify_seconds": 0.3,
        "presence_seconds": 3600,
        "drain_seconds": 0.2,
        "drain_deadline_seconds": 1.0,
        "cors_origins": ("https://demo.example",),
        **changed,
    }
    return Config(**values)


async def is_ready(gateway: Gateway) -> bool:
    """Whether /readyz says so."""
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{gateway.url}/readyz")).status_code == 200


async def all_ready(services: list[Service]) -> None:
    """Wait until each says so."""
    async with httpx.AsyncClient() as http:
        for service in services:

            async def ready(url: str = service.url) -> bool:
                return (await http.get(f"{url}/readyz")).status_code == 200

            await until(ready)


@asynccontextmanager
async def running(nats_url: str, *, ready: bool = True, **changed: Any) -> AsyncIterator[Gateway]:
    """A gateway in this process and loop."""
    gateway = Gateway(settings(nats_url, **changed))
    await gateway.start()
    try:
        if ready:
            await until(lambda: gateway.feed.caught_up and gateway.venues.loaded)
        yield gateway
    finally:
        await gateway.stop()


@pytest.fixture
async def publisher(nats_server: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    async with live_publisher(nats_server.url) as made:
        yield made


@pytest.fixture
async def start(nats_server: EmbeddedNats, publisher: LivePublisher) -> AsyncIterator[Start]:
    """Starts gateways with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def start_one(**changed: Any) -> Gateway:
            return await stack.enter_async_context(running(nats_server.url, **changed))

        yield start_one


@pytest.fixture
async def gateway(start: Start) -> Gateway:
    return await start()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def stream_url(gateway: Gateway, **query: Any) -> str:
    """The stream of the demo channel."""
    parameters = httpx.QueryParams({"date": "2026-02-15", "slotId": "slot_21_00", **query})
    return f"{gateway.url}/v1/clubs/backroom/venues/leeds/availability/stream?{parameters}"


def snapshot_url(gateway: Gateway, **query: Any) -> str:
    """The snapshot of the demo channel."""
    return stream_url(gateway, **query).replace("/stream?", "?")
