"""Presence: staff see how many watch, over all gateways; nobody else does."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import httpx
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import CHANNEL, CLUB
from tests.support.services import bearer
from tests.support.sse_client import Client
from tests.support.until import until

from stream_gateway.app import Gateway

QUICK: dict[str, Any] = {"presence_seconds": 0.05}


def shown(client: Client) -> int | None:
    """The number that staff were told last."""
    numbers = [event.data["viewers"] for event in client.events if event.event == "viewers"]
    return numbers[-1] if numbers else None


def staff(gateway: Gateway) -> Client:
    return Client(stream_url(gateway), bearer("manager", CLUB))


async def test_staff_see_the_sum_over_gateways_as_it_moves(start: Start) -> None:
    one, two = await start(**QUICK), await start(**QUICK)
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(staff(one))
        await desk.until(lambda: shown(desk) == 1)
        for gateway in (one, two, two):
            await stack.enter_async_context(Client(stream_url(gateway)))
        await desk.until(lambda: shown(desk) == 4)
        async with staff(two) as other:
            await other.until(lambda: shown(other) == 5)
            await desk.until(lambda: shown(desk) == 5)
        await desk.until(lambda: shown(desk) == 4)
        last = [event for event in desk.events if event.event == "viewers"][-1]
        assert last.data == {"channel": CHANNEL.name, "viewers": 4}
        assert last.id is None


async def test_one_who_joins_later_is_told_at_once(start: Start) -> None:
    gateway = await start(**QUICK)
    async with staff(gateway) as first, Client(stream_url(gateway)):
        await first.until(lambda: shown(first) == 2)
        async with staff(gateway) as second:
            await second.until(lambda: shown(second) == 3)


async def test_the_public_is_not_told(start: Start) -> None:
    gateway = await start(**QUICK)
    async with Client(stream_url(gateway)) as guest, staff(gateway) as desk:
        await desk.until(lambda: shown(desk) == 2)
        assert shown(guest) is None


async def test_a_gateway_that_starts_later_knows_what_was_before(start: Start) -> None:
    one = await start(**QUICK)
    async with Client(stream_url(one)), Client(stream_url(one)):
        await until(lambda: not one.hub.registry.viewers_changed)
        two = await start(**QUICK)
        async with staff(two) as desk:
            await desk.until(lambda: shown(desk) == 3)


async def test_quiet_staff_get_their_checkpoints_all_the_same(start: Start) -> None:
    gateway = await start(**QUICK, checkpoint_seconds=0.2)
    async with staff(gateway) as desk, AsyncExitStack() as stack:
        for number in range(2, 6):
            await stack.enter_async_context(Client(stream_url(gateway)))
            await desk.until(lambda number=number: shown(desk) == number)  # type: ignore[misc]
        await desk.until(lambda: desk.last.event == "checkpoint")
        assert desk.last.id is not None


async def test_metrics_count_by_venue(start: Start) -> None:
    gateway = await start(**QUICK, admin_port=0)
    async with Client(stream_url(gateway)), staff(gateway), httpx.AsyncClient() as http:
        metrics = (await http.get(f"{gateway.admin_url}/metrics")).text
    assert 'holdfast_gateway_viewers{club="backroom",venue="leeds"} 2.0' in metrics
