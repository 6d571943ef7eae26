"""Chromium for tests: found on this machine, started with a new profile, driven by Playwright."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

import stream_gateway

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WEB = Path(stream_gateway.__file__).with_name("web")
MODULES = "http://modules.test"
"""An address that nothing listens at: the browser gets the files of `web/` in its place."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser of the test's own."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(
            "no Chromium on this machine; on Debian and Ubuntu: apt-get install chromium",
            pytrace=False,
        )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def module_page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page from which the modules of `web/` can be imported; uncaught errors fail."""
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/London")
    errors: list[str] = []
    try:
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.route(f"{MODULES}/**", _serve)
        await page.goto(f"{MODULES}/blank")
        yield page
        assert errors == []
    finally:
        await context.close()


async def _serve(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path == "/blank":
        await route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")
        return
    file = WEB / path.lstrip("/")
    kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0]
    await route.fulfill(body=file.read_bytes(), content_type=kind or "application/octet-stream")
