"""Pages of other origins, in a real browser, through an nginx: who may read is told by exact origin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page
from tests.integration.proxies.sites import Sites, snapshot_of, stream_of
from tests.support.live_publisher import CLUB, LivePublisher
from tests.support.nginx import Nginx
from tests.support.services import token

from holdfast.contracts.channels import ChannelKey

pytestmark = pytest.mark.browser

STREAM = """(url) => new Promise((resolve) => {
    const source = new EventSource(url, { withCredentials: true });
    source.addEventListener("snapshot", (event) => {
        source.close();
        resolve(JSON.parse(event.data));
    });
    source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) resolve("gave up");
    };
})"""
FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, { cache: "no-store", ...options });
        await answer.text();
        return { status: answer.status, etag: answer.headers.get("etag") };
    } catch (error) {
        return error.name;
    }
}"""


@asynccontextmanager
async def page_of(browser: Browser, origin: str) -> AsyncIterator[Page]:
    """A page of that origin, whose user is signed in as staff by a cookie."""
    context = await browser.new_context(ignore_https_errors=True)
    try:
        await context.add_cookies(
            [
                {
                    "name": "holdfast_token",
                    "value": token("manager", CLUB),
                    "url": origin,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )
        page = await context.new_page()
        await page.goto(f"{origin}/page")
        yield page
    finally:
        await context.close()


async def test_an_origin_that_is_named_may_read(
    browser: Browser, publisher: LivePublisher, proxy: Nginx, sites: Sites, key: ChannelKey
) -> None:
    await publisher.publish(key)
    site = sites.origin("plain")
    async with page_of(browser, sites.origin("friend")) as page:
        seen = await page.evaluate(STREAM, stream_of(site, key))
        assert seen["version"] == 1
        assert seen["sections"][0]["claims"], "the cookie makes it the staff's form"

        snapshot = snapshot_of(site, key)
        read = await page.evaluate(FETCH, [snapshot, {"credentials": "include"}])
        assert read["status"] == 200
        assert read["etag"].endswith('-s"')
        anonymous = await page.evaluate(FETCH, [snapshot, {"credentials": "omit"}])
        assert anonymous["etag"].endswith('-p"')

        # Not among the headers that need no asking: the browser asks by OPTIONS first.
        asked = {"headers": {"Authorization": f"Bearer {token('manager', CLUB)}"}}
        assert (await page.evaluate(FETCH, [snapshot, asked]))["etag"].endswith('-s"')
        assert await page.evaluate(FETCH, [snapshot, {"headers": {"X-Other": "1"}}]) == "TypeError"


async def test_another_origin_may_not(
    browser: Browser, publisher: LivePublisher, proxy: Nginx, sites: Sites, key: ChannelKey
) -> None:
    await publisher.publish(key)
    site = sites.origin("plain")
    async with page_of(browser, sites.origin("stranger")) as page:
        assert await page.evaluate(STREAM, stream_of(site, key)) == "gave up"
        snapshot = snapshot_of(site, key)
        asked = {"headers": {"Authorization": "Bearer x"}}
        for options in ({"credentials": "include"}, {"credentials": "omit"}, asked):
            assert await page.evaluate(FETCH, [snapshot, options]) == "TypeError"
