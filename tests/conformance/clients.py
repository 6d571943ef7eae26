"""The clients that people use, started against one stream."""

from __future__ import annotations

import asyncio
import mimetypes
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from httpx_sse import aconnect_sse
from playwright.async_api import Browser, Page, Route
from tests.conformance.node import HERE, NODE, Packages
from tests.conformance.recording import Recording, read_frames, read_json, read_page, recorded

IN_NODE = {
    "eventsource": "eventsource.mjs",
    "eventsource-client": "eventsource_client.mjs",
    "Node fetch": "fetch.mjs",
}
IN_CHROMIUM = {
    "Chromium EventSource": "native",
    "fetch-event-source": "fetchEventSource",
    "Holdfast's own": "sdk",
    "Chromium fetch": "plainFetch",
}
CURL = {"curl": (), "curl --compressed": ("--compressed",)}
ONCE = ("Node fetch", "Chromium fetch")
"""Do not come back by themselves."""
RESUMING = tuple(name for name in (*IN_CHROMIUM, *IN_NODE, "httpx-sse", *CURL) if name not in ONCE)
GZIP = tuple(name for name in (*RESUMING, *ONCE) if name != "curl")
"""Ask for gzip, as they do unless told otherwise."""


def each(names: tuple[str, ...]) -> pytest.MarkDecorator:
    """One test for each client, as the parameter `name`."""
    browser = [pytest.mark.browser]
    return pytest.mark.parametrize(
        "name", [pytest.param(it, marks=browser if it in IN_CHROMIUM else []) for it in names]
    )


@asynccontextmanager
async def client(
    name: str, url: str, *, browser: Browser, packages: Packages
) -> AsyncIterator[Recording]:
    """The client of that name on the stream at `url`, until the block ends."""
    if name in IN_CHROMIUM:
        async with (
            gateway_page(browser, url, packages) as page,
            recorded(name, lambda it: read_page(it, page, IN_CHROMIUM[name], url)) as recording,
        ):
            yield recording
        return
    async with recorded(name, _reader(name, url, packages)) as recording:
        yield recording


def _reader(name: str, url: str, packages: Packages) -> Callable[[Recording], Awaitable[None]]:
    if name in IN_NODE:
        argv = [str(NODE), str(packages.programs / IN_NODE[name]), url]
        return lambda recording: read_json(recording, argv)
    if name == "httpx-sse":
        return lambda recording: read_httpx(recording, url)
    return lambda recording: read_frames(recording, curl_loop(url, *CURL[name]))


def curl_loop(url: str, *options: str) -> list[str]:
    """The command that runs curl again and again; fails the test where there is none."""
    if shutil.which("curl") is None:
        pytest.fail(
            "no curl on this machine; on Debian and Ubuntu: apt-get install curl", pytrace=False
        )
    return ["sh", str(HERE / "programs" / "curl_loop.sh"), url, *options]


async def read_httpx(recording: Recording, url: str) -> None:
    """The loop of httpx-sse's documentation, without its package for retries."""
    last_event_id = ""
    delay = 0.0
    async with httpx.AsyncClient(timeout=httpx.Timeout(10, read=None)) as http:
        while True:
            await asyncio.sleep(delay)
            headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
            try:
                async with aconnect_sse(http, "GET", url, headers=headers) as source:
                    async for sse in source.aiter_sse():
                        last_event_id = sse.id
                        if sse.retry is not None:
                            delay = sse.retry / 1000
                        if sse.data:
                            recording.tell(sse.event, sse.id, sse.data)
            except httpx.TransportError:
                continue


@asynccontextmanager
async def gateway_page(browser: Browser, url: str, packages: Packages) -> AsyncIterator[Page]:
    """A page of the gateway's own origin, to which the test adds `/conformance/`."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"

    async def serve(route: Route) -> None:
        path = urlsplit(route.request.url).path.removeprefix("/conformance/")
        if path == "page":
            await route.fulfill(
                body="<!doctype html><title>clients</title>", content_type="text/html"
            )
            return
        file = _found(path, packages)
        kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0]
        await route.fulfill(body=file.read_bytes(), content_type=kind or "text/plain")

    context = await browser.new_context()
    errors: list[str] = []
    try:
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.route(f"{origin}/conformance/**", serve)
        await page.goto(f"{origin}/conformance/page")
        yield page
        assert errors == []
    finally:
        await context.close()


def _found(path: str, packages: Packages) -> Path:
    """A script of ours, or a file of a package; these import each other without `.js`."""
    if not path.startswith("npm/"):
        return packages.programs / path
    file = packages.modules / path.removeprefix("npm/")
    return file if file.suffix == ".js" else file.with_name(f"{file.name}.js")
