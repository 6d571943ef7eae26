"""Behind an nginx that nobody tuned: buffering on, gzip on for everything, HTTP/1.0 towards us. What
we send has to be enough for events to arrive one by one."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.integration.proxies.conftest import has_clients
from tests.integration.proxies.sites import Sites, stream_of
from tests.support.curl import curl_stream
from tests.support.live_publisher import LivePublisher
from tests.support.nginx import Nginx
from tests.support.services import Service
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey

EVENTS = 10
ways = pytest.mark.parametrize(
    ("site", "version"),
    [
        ("plain", "--http1.1"),
        ("modern", "--http1.1"),
        ("tls", "--http2"),
        ("packing", "--http1.1"),
    ],
    ids=["HTTP/1.0 to us", "HTTP/1.1 to us", "HTTP/2 to the client", "packed by nginx"],
)


@pytest.mark.parametrize("options", [(), ("--compressed",)], ids=["plain", "gzip"])
@ways
async def test_events_arrive_one_by_one(
    publisher: LivePublisher,
    proxy: Nginx,
    sites: Sites,
    key: ChannelKey,
    site: str,
    version: str,
    options: tuple[str, ...],
) -> None:
    await publisher.publish(key)
    async with curl_stream(stream_of(sites.origin(site), key), version, *options) as stream:
        await stream.event("snapshot", 1)
        for number in range(2, 2 + EVENTS):
            await publisher.publish(key)
            await stream.event("availability.updated", number)
            # Where a proxy holds events back, later ones push them out in the end.
            assert len(stream.named("checkpoint")) < 20
        assert stream.protocol == ("HTTP/2" if site == "tls" else "HTTP/1.1")
        assert stream.headers.get("content-encoding") == ("gzip" if options else None)


async def test_a_quiet_stream_outlives_the_proxys_patience(
    publisher: LivePublisher, proxy: Nginx, sites: Sites, key: ChannelKey
) -> None:
    await publisher.publish(key)
    async with curl_stream(stream_of(sites.origin("hasty"), key)) as stream:
        await stream.event("snapshot", 1)
        times: list[dt.datetime] = []

        def quiet_for() -> dt.timedelta:
            times[:] = [
                dt.datetime.fromisoformat(each.data["serverTime"])
                for each in stream.named("checkpoint")
            ]
            return times[-1] - times[0] if times else dt.timedelta()

        await stream.until(lambda: quiet_for() > dt.timedelta(seconds=4))
        await publisher.publish(key)
        await stream.event("availability.updated", 2)


@ways
async def test_a_client_that_goes_is_seen_to_go(
    publisher: LivePublisher,
    gateway: Service,
    proxy: Nginx,
    sites: Sites,
    key: ChannelKey,
    site: str,
    version: str,
) -> None:
    await publisher.publish(key)
    await until(lambda: has_clients(gateway, 0))
    async with curl_stream(stream_of(sites.origin(site), key), version) as stream:
        await stream.event("snapshot", 1)
        assert await has_clients(gateway, 1)
    await until(lambda: has_clients(gateway, 0))
