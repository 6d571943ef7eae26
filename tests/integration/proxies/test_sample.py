"""Two gateways behind `deploy/nginx/holdfast.conf`: whatever happens to one of them, or to both, a
client goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from tests.integration.proxies.conftest import Pair, clients_of, has_clients
from tests.integration.proxies.sites import stream_of
from tests.support.curl import curl_stream
from tests.support.live_publisher import LivePublisher
from tests.support.sse_client import EventSource, View
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey

CLIENTS = 20


@asynccontextmanager
async def watchers(pair: Pair, key: ChannelKey) -> AsyncIterator[list[EventSource]]:
    """Clients that come back by themselves, spread over both gateways."""
    url = stream_of(pair.plain, key)
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(EventSource(lambda: url)) for _ in range(CLIENTS)]
        for each in made:
            await each.until(lambda view: view.snapshots == 1)
        for gateway in pair.gateways.values():
            assert await clients_of(gateway) == CLIENTS // 2
        yield made


@asynccontextmanager
async def busy(publisher: LivePublisher, key: ChannelKey) -> AsyncIterator[None]:
    """Events all the while."""

    async def publish() -> None:
        while True:
            await publisher.publish(key)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(publish())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def at(version: int, key: ChannelKey) -> Callable[[View], bool]:
    """Whether a view is there."""
    return lambda view: view.versions.get(key.name) == version


@pytest.mark.parametrize("end", ["kill", "drain"])
async def test_clients_of_a_gateway_that_ends_go_on_at_the_other(
    publisher: LivePublisher, pair: Pair, key: ChannelKey, end: str
) -> None:
    first, second = await pair.quiet()
    await publisher.publish(key)
    async with watchers(pair, key) as clients:
        async with busy(publisher, key):
            if end == "kill":
                await first.kill()
            else:
                assert await first.stop() == 0
            await until(lambda: has_clients(second, CLIENTS))
        last = publisher.truth(key).version
        for each in clients:
            await each.until(at(last, key))
        # No hole and no double, or the view had complained; and nobody had to begin again.
        assert {each.view.snapshots for each in clients} == {1}
        assert not any(each.view.resets for each in clients)
        # Nobody was sent back to the gateway that drained, though it still answered.
        assert sorted(each.connections for each in clients) == [1] * 10 + [2] * 10


async def test_the_end_of_a_gateway_is_seen_over_http_2(
    publisher: LivePublisher, pair: Pair, key: ChannelKey
) -> None:
    gateways = await pair.quiet()
    await publisher.publish(key)
    async with curl_stream(stream_of(pair.secure, key), "--http2", "--compressed") as stream:
        await stream.event("snapshot", 1)
        assert stream.protocol == "HTTP/2"
        [its] = [each for each in gateways if await clients_of(each) == 1]
        await its.kill()
        assert await stream.until_ended() != 0, "a cut is not an end"
        last_event_id = stream.parser.last_event_id
    await publisher.publish(key)
    url, told = stream_of(pair.secure, key), {"last_event_id": last_event_id}
    async with curl_stream(url, "--http2", **told) as stream:
        await stream.event("availability.updated", 2)
        assert stream.named("snapshot") == []


async def test_no_gateway_at_all(publisher: LivePublisher, pair: Pair, key: ChannelKey) -> None:
    for gateway in await pair.quiet():
        await gateway.kill()
    url = stream_of(pair.secure, key)
    async with curl_stream(url, "--http2", origin="https://a.example") as stream:
        assert await stream.until_ended() == 0
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store, no-transform"
        assert stream.headers["access-control-allow-origin"] == "https://a.example"
        assert stream.headers["access-control-allow-credentials"] == "true"
        assert stream.parser.retry in range(1000, 3001)
        assert stream.events == []
    async with httpx.AsyncClient(verify=False, headers={"origin": "https://a.example"}) as http:  # noqa: S501
        answer = await http.get(url)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        assert answer.json()["code"] == "UNAVAILABLE"
        assert (await http.get(f"{pair.secure}/holdfast-unavailable")).status_code == 404
        assert (await http.get(f"{pair.secure}/livez")).status_code == 502
