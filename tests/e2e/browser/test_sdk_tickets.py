"""The JS client with a ticket, in Chromium, on an EventSource that does as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route
from tests.e2e.browser.test_sdk_watch import STREAM, play, scene_page
from tests.support.until import until

from holdfast.runtime.auth import customer_id_of

pytestmark = pytest.mark.browser

TICKETS = "http://gateway.test/v1/stream-tickets"
BY_NAME = (
    "http://gateway.test/v1/stream?channel=availability%3Abackroom%3Aleeds%3A2026-02-15%3Aslot_21_00"
    "&channel=customer%3Abackroom%3Aada"
)
SIGNED_IN = """
    const { streamTickets } = await import('/sdk/holdfast.js');
    const ticket = streamTickets({ gateway: 'http://gateway.test', token: () => window.token });
"""


class Booth:
    """Gives out tickets, or does not."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, Any]] = []
        self.status = 200

    async def answer(self, route: Route) -> None:
        request = route.request
        headers = {
            "access-control-allow-origin": "*",
            "access-control-allow-headers": "authorization, content-type",
        }
        if request.method == "OPTIONS":
            await route.fulfill(status=200, headers=headers)
            return
        self.asked.append(
            (request.headers.get("authorization"), json.loads(request.post_data or ""))
        )
        number = len(self.asked)
        body = {"ticket": f"t{number}"} if self.status == 200 else {"code": "CLUB_NOT_FOUND"}
        await route.fulfill(status=self.status, headers=headers, body=json.dumps(body))


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with scene_page(browser) as page:
        yield page


@pytest.fixture
async def booth(page: Page) -> Booth:
    booth = Booth()
    await page.route(TICKETS, booth.answer)
    return booth


async def connections(page: Page, number: int) -> list[str]:
    """The addresses of the first so many. Asked from here, for the page's own clock stands still."""
    async with asyncio.timeout(20):
        while len(urls := await play(page, "return urls();")) < number:
            await asyncio.sleep(0.01)
    assert isinstance(urls, list)
    return urls


async def test_a_ticket_for_the_channel_and_ones_own(page: Page, booth: Booth) -> None:
    await play(
        page,
        SIGNED_IN
        + """
        window.token = 'bearer of ada';
        window.own = [];
        const onOwn = ({ objectId }) => own.push(objectId);
        window.scene = await watching({ ticket, customerId: async () => 'ada', onOwn });
        """,
    )
    assert await connections(page, 1) == [f"{BY_NAME}&ticket=t1"]
    channels = ["availability:backroom:leeds:2026-02-15:slot_21_00", "customer:backroom:ada"]
    assert booth.asked == [("Bearer bearer of ada", {"channels": channels})]
    seen = await play(
        page,
        """
        FakeSource.last.say('snapshot', snapshot(5), 'e1-50');
        FakeSource.last.say('customer.updated', { objectId: 'b1' }, 'e1-51');
        FakeSource.last.fail(false);
        FakeSource.last.say('customer.updated', { objectId: 'b2' }, 'e1-51');
        const waiting = scene.stream.state;
        FakeSource.last.say('customer.updated', { objectId: 'b3' }, 'e1-53');
        return [own, waiting, scene.stream.state, scene.stream.version];
        """,
    )
    # Without an id of its own it is the middle of a replay: what else was missed is still to come.
    assert seen == [["b1", "b2", "b3"], "refreshing", "live", 5]


async def test_without_a_token_as_anybody(page: Page, booth: Booth) -> None:
    await play(
        page,
        SIGNED_IN
        + """
        window.token = null;
        window.scene = await watching({ ticket, customerId: async () => 'ada' });
        """,
    )
    assert await connections(page, 1) == [STREAM]
    await play(page, "window.token = 'bearer of ada'; scene.stream.renew();")
    assert await connections(page, 2) == [STREAM, f"{BY_NAME}&ticket=t1"]
    told = await play(
        page,
        """
        const [first, second] = FakeSource.all;
        second.say('snapshot', snapshot(5), 'e1-50');
        return [first.readyState, scene.stream.state];
        """,
    )
    assert told == [2, "live"]


async def test_no_ticket_for_now(page: Page, booth: Booth) -> None:
    booth.status = 503
    await play(page, SIGNED_IN + "window.token = 'x'; window.scene = await watching({ ticket });")
    await until(lambda: len(booth.asked) == 1)
    booth.status = 200
    async with asyncio.timeout(20):
        while len(booth.asked) < 2:
            await page.clock.run_for(600)
    assert await connections(page, 1) == [f"{STREAM}&ticket=t2"]


async def test_no_ticket_for_good(page: Page, booth: Booth) -> None:
    booth.status = 404
    statuses = await play(
        page,
        SIGNED_IN
        + """
        window.token = 'x';
        const closed = new Promise((resolve) => {
            const statuses = [];
            const onStatus = ({ state, problem }) => {
                statuses.push([state, problem?.code ?? null]);
                if (state === 'closed') resolve(statuses);
            };
            watching({ ticket, onStatus });
        });
        return await closed;
        """,
    )
    assert statuses == [["connecting", None], ["closed", "CLUB_NOT_FOUND"]]


@pytest.mark.parametrize("subject", ["ada", "auth0|ada", "Zoë", "x" * 65, "a b"])
async def test_customers_are_called_what_the_server_calls_them(page: Page, subject: str) -> None:
    script = "async (sub) => (await import('/sdk/tickets.js')).customerIdOf(sub)"
    secure = await page.evaluate("isSecureContext")
    expected = customer_id_of(subject)
    assert await page.evaluate(script, subject) == (
        expected if secure or expected == subject else None
    )
