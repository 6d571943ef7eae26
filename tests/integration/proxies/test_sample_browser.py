"""A page with a dozen streams behind `deploy/nginx/holdfast.conf`, in a real browser over HTTP/2."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page
from tests.integration.proxies.conftest import Pair
from tests.integration.proxies.sites import Sites, stream_of
from tests.support.live_publisher import LivePublisher
from tests.support.nginx import Nginx
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey

pytestmark = pytest.mark.browser

STREAMS = 12
"""Twice what a browser opens to one host over HTTP/1.1."""
OPEN = """([url, count]) => {
    window.watched = Array.from({ length: count }, () => {
        const source = new EventSource(url);
        const watched = { source, versions: [], snapshots: 0 };
        source.addEventListener("snapshot", (event) => {
            watched.snapshots += 1;
            watched.versions.push(JSON.parse(event.data).version);
        });
        source.addEventListener("availability.updated", (event) =>
            watched.versions.push(JSON.parse(event.data).version));
        return watched;
    });
}"""
AT = "(version) => window.watched.every(({ versions }) => versions.at(-1) === version)"
CUT = "() => window.watched.every(({ source }) => source.readyState !== EventSource.OPEN)"
SEEN = """() => window.watched.map(({ source, versions, snapshots }) =>
    ({ state: source.readyState, versions, snapshots }))"""
CLOSE = "() => window.watched.forEach(({ source }) => source.close())"


@asynccontextmanager
async def page_with_streams(
    browser: Browser, origin: str, url: str, version: int
) -> AsyncIterator[Page]:
    """A page of another origin than the streams', all of which are at `version`."""
    context = await browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(20_000)
    try:
        page = await context.new_page()
        await page.goto(f"{origin}/page")
        await page.evaluate(OPEN, [url, STREAMS])
        await page.wait_for_function(AT, arg=version)
        yield page
    finally:
        await context.close()


async def test_a_dozen_streams_share_one_connection_and_outlive_their_gateways(
    browser: Browser,
    publisher: LivePublisher,
    proxy: Nginx,
    sites: Sites,
    pair: Pair,
    key: ChannelKey,
) -> None:
    gateways = await pair.quiet()
    await publisher.publish(key)
    before = len(pair.log())
    url = stream_of(pair.secure, key)
    async with page_with_streams(browser, sites.origin("friend"), url, 1) as page:
        for version in range(2, 5):
            await publisher.publish(key)
            await page.wait_for_function(AT, arg=version)

        for gateway in gateways:
            await gateway.kill()
        await page.wait_for_function(CUT)
        await publisher.publish(key)
        # Each of them has asked in vain, and was told to come again.
        await until(lambda: len(pair.log()) >= before + 2 * STREAMS)
        await publisher.publish(key)
        await pair.both()
        await publisher.publish(key)
        await page.wait_for_function(AT, arg=7)
        for seen in await page.evaluate(SEEN):
            assert seen == {"state": 1, "versions": [1, 2, 3, 4, 5, 6, 7], "snapshots": 1}
        await page.evaluate(CLOSE)
    await until(lambda: len(pair.log()) >= before + 3 * STREAMS)
    asked = [line.split() for line in pair.log()[before:]]
    assert {line[5] for line in asked} == {'HTTP/2.0"'}
    assert {line[6] for line in asked} == {"200"}
    assert len({line[2] for line in asked}) == 1, "one connection for all"
