"""The page on the real services: a gateway that can be killed and started again on its port, a
command-api, and windows to look through."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
import msgspec
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from tests.support.services import Replicas, Service, bearer, token

from holdfast.contracts.venues import VenueDefinition
from holdfast_dev.ports import ReservedPort

ADMIN = {**bearer("admin", sub="root"), "content-type": "application/json"}
PATIENCE_MS = 20_000
COLOURS = """() => {
    const canvas = document.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const counts = new Map();
    for (const pixel of new Uint32Array(data.buffer)) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return [...counts.values()].filter((count) => count > 200).length;
}"""


class Window:
    """One browser window of one customer. It must not complain: a script's error, a refused
    connection or a breach of the content policy fails the test, unless forgiven."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[Request] = []
        self._errors: list[str] = []
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        page.on("console", self._heard)

    def _asked(self, request: Request) -> None:
        self.requests.append(request)

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._errors.append(f"{said.text} {said.location.get('url', '')}")

    def forgive(self, words: str, but: str | None = None) -> None:
        """Chromium reports every failed request; some are the point of a test, `but` those are not."""
        self._errors = [
            error
            for error in self._errors
            if words not in error or (but is not None and but in error)
        ]

    def complaints(self) -> list[str]:
        return self._errors

    @staticmethod
    def signed(request: Request) -> bool:
        return "authorization" in request.headers

    def place(self, section_id: str) -> Locator:
        return self.page.locator(f'.place[data-id="{section_id}"]')

    async def sees(self, section_id: str, look: str) -> None:
        await expect(self.place(section_id)).to_have_attribute("data-look", look)

    async def is_live(self) -> None:
        await self.stream_is("live")

    async def stream_is(self, state: str) -> None:
        await expect(self.page.locator("#status")).to_have_attribute("data-state", state)

    async def hold(self, *section_ids: str) -> None:
        for section_id in section_ids:
            await self.place(section_id).click()
        await self.page.locator("[data-part=hold]").click()

    async def confirm(self, name: str, email: str) -> None:
        form = self.page.locator("form.confirm")
        await form.get_by_label("Name").fill(name)
        await form.get_by_label("E-mail").fill(email)
        await form.get_by_role("button").click()

    async def colours(self) -> int:
        """How many colours a canvas shows, of those that more than a few pixels have."""
        found = await self.page.evaluate(COLOURS)
        assert isinstance(found, int)
        return found


class Site:
    """`date` is the service date that windows look at; each test has one of its own, so that one
    test's bookings are nothing to the next."""

    def __init__(self, services: Replicas, browser: Browser, gateway_port: ReservedPort) -> None:
        self._services = services
        self._browser = browser
        self._port = gateway_port
        self._api: Service | None = None
        self.gateway: Service | None = None
        self._today = datetime.now(ZoneInfo("Europe/London")).date()
        self._ahead = 2
        self.date = ""
        self.next_date()

    def next_date(self) -> None:
        """A Saturday, on which every slot runs."""
        self._ahead += 1
        while (day := self._today + timedelta(days=self._ahead)).weekday() != 5:
            self._ahead += 1
        self.date = day.isoformat()

    @property
    def api_url(self) -> str:
        assert self._api
        return self._api.url

    async def start(self) -> None:
        origin = f"http://127.0.0.1:{self._port.number}"
        self._api = await self._services.command_api(HOLDFAST_CORS_ORIGINS=origin)
        await self.start_gateway()

    async def start_gateway(self) -> None:
        """On the same port each time."""
        self._port.release()
        self.gateway = await self._services.gateway(
            self._port.number, HOLDFAST_COMMAND_API_URL=self.api_url
        )

    async def put(self, club: str, venue: str, definition: VenueDefinition) -> None:
        """Puts a venue in, or a newer definition over it."""
        path = f"/v1/clubs/{club}/venues/{venue}"
        async with httpx.AsyncClient(base_url=self.api_url, headers=ADMIN, timeout=60) as http:
            await _good(http.put(f"/v1/clubs/{club}", content=msgspec.json.encode({"name": club})))
            etag = (await http.get(path)).headers.get("etag")
            headers = {"if-match": etag} if etag else {}
            await _good(http.put(path, content=msgspec.json.encode(definition), headers=headers))

    async def hold(self, club: str, venue: str, slot: str, *section_ids: str, who: str) -> None:
        """Somebody else's hold, made without a window."""
        headers = {**bearer("customer", sub=who), "idempotency-key": secrets.token_hex(12)}
        body = {"date": self.date, "slotId": slot, "sectionIds": section_ids}
        async with httpx.AsyncClient(base_url=self.api_url, headers=headers) as http:
            await _good(http.post(f"/v1/clubs/{club}/venues/{venue}/holds", json=body))

    @asynccontextmanager
    async def window(
        self,
        club: str,
        venue: str,
        slot: str,
        *,
        who: str | None = None,
        role: str = "customer",
        days: int = 0,
        state: str = "live",
    ) -> AsyncIterator[Window]:
        """A window of a browser profile of its own, on one night (`days` after `date`), once its
        stream is in `state`; `who` is signed in."""
        context = await self._browser.new_context(locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        try:
            window = Window(await context.new_page())
            day = (date.fromisoformat(self.date) + timedelta(days=days)).isoformat()
            where = {"club": club, "venue": venue, "date": day, "slotId": slot}
            home = None if role == "customer" else club
            signed = f"#token={token(role, home, who, who.title())}" if who else ""
            await window.page.goto(
                f"http://127.0.0.1:{self._port.number}/?{urlencode(where)}{signed}"
            )
            await window.stream_is(state)
            yield window
            # Venues of the menu that are not there are asked for a calendar, and taken out of it.
            window.forgive("/calendar?", but=f"/clubs/{club}/venues/{venue}/")
            assert window.complaints() == []
        finally:
            await context.close()


@asynccontextmanager
async def site(services: Replicas, browser: Browser) -> AsyncIterator[Site]:
    """Both services, which `services` ends."""
    expect.set_options(timeout=PATIENCE_MS)
    port = ReservedPort()
    port.take()
    try:
        running = Site(services, browser, port)
        await running.start()
        yield running
    finally:
        port.release()


async def _good(asked: Awaitable[httpx.Response]) -> None:
    answer = await asked
    assert answer.is_success, answer.text
