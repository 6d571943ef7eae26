"""One browser for these tests; a page of its own for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page
from tests.support.browser import chromium, module_page


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page that can import the modules of `web/`."""
    async with module_page(browser) as page:
        yield page
