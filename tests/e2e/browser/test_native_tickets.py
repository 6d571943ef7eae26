"""Chromium's own EventSource with a ticket in its address: it comes back, and what ends it is said
in-band, so that it never gives up."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page
from tests.integration.gateway.conftest import STAFF, running, stream_url
from tests.support.live_publisher import CHANNEL, LivePublisher, live_publisher
from tests.support.until import until

from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway

pytestmark = pytest.mark.browser

LISTEN = """(url) => {
    const source = new EventSource(url);
    const heard = { source, opened: 0, events: [], errors: [] };
    source.addEventListener('open', () => { heard.opened += 1; });
    source.addEventListener('error', () => heard.errors.push(source.readyState));
    for (const name of ['snapshot', 'availability.updated', 'reauth']) {
        source.addEventListener(name, ({ data, lastEventId }) =>
            heard.events.push({ name, id: lastEventId, ...JSON.parse(data) }));
    }
    (window.all ??= []).push(heard);
}"""
CONNECTING = 0


@pytest.fixture
async def publisher(nats_server: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    async with live_publisher(nats_server.url) as made:
        yield made


@pytest.fixture
async def gateway(nats_server: EmbeddedNats, publisher: LivePublisher) -> AsyncIterator[Gateway]:
    async with running(nats_server.url) as made:
        yield made


@pytest.fixture
async def window(browser: Browser, gateway: Gateway) -> AsyncIterator[Page]:
    context = await browser.new_context()
    try:
        page = await context.new_page()
        await page.goto(f"{gateway.url}/livez")
        yield page
    finally:
        await context.close()


async def ticket(gateway: Gateway) -> str:
    async with httpx.AsyncClient(headers=STAFF) as http:
        url = f"{gateway.url}/v1/stream-tickets"
        answer = await http.post(url, json={"channels": [CHANNEL.name]})
    given: str = answer.json()["ticket"]
    return given


async def heard(page: Page, number: int, which: int = 0) -> list[dict[str, Any]]:
    """The first events of one of the page's sources."""
    await page.wait_for_function(
        "([number, which]) => window.all[which].events.length >= number", arg=[number, which]
    )
    events = await page.evaluate("(which) => window.all[which].events", which)
    assert isinstance(events, list)
    return events


async def test_survives_a_cut_long_after_its_minute(
    gateway: Gateway, publisher: LivePublisher, window: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stream_url(gateway, ticket=await ticket(gateway))
    await window.evaluate(LISTEN, url)
    await publisher.publish()
    await heard(window, 1)
    await until(lambda: len(gateway.hub.clients) == 1)
    monkeypatch.setattr(gateway.tickets, "_now", lambda: time.time() + 3600)
    for client in list(gateway.hub.clients):
        gateway.hub.close(client, "drain")
    await until(lambda: not gateway.hub.clients)
    last = await publisher.publish()
    await window.wait_for_function("() => window.all[0].opened === 2")
    await window.wait_for_function(
        "(last) => window.all[0].events.at(-1).version === last", arg=last
    )
    events = await window.evaluate("() => window.all[0].events")
    assert [event["name"] for event in events].count("snapshot") == 1, "it was resumed"
    assert [event["version"] for event in events] == list(range(events[0]["version"], last + 1)), (
        "no hole and no double"
    )
    assert "actor" in events[-1], "and still as staff"
    # The same address, opened by somebody else, is worth nothing by now.
    await window.evaluate(LISTEN, url)
    (event,) = await heard(window, 1, which=1)
    assert event == {"name": "reauth", "id": "", "reason": "ticket_expired"}


@pytest.mark.parametrize("reason", ["token_expired", "ticket_expired", "ticket_invalid"])
async def test_is_told_in_band_and_goes_on_trying(
    gateway: Gateway,
    publisher: LivePublisher,
    window: Page,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    given = await ticket(gateway)
    if reason == "ticket_invalid":
        given = f"x{given}"
    else:
        seconds = 13 * 3600 if reason == "token_expired" else 61
        monkeypatch.setattr(gateway.tickets, "_now", lambda: time.time() + seconds)
    await window.evaluate(LISTEN, stream_url(gateway, ticket=given))
    (event,) = await heard(window, 1)
    assert (event["name"], event["reason"]) == ("reauth", reason)
    await window.wait_for_function("() => window.all[0].errors.length > 0")
    errors, opened = await window.evaluate("() => [window.all[0].errors, window.all[0].opened]")
    assert (errors, opened) == ([CONNECTING], 1), "it waits to come back, and not for good"
