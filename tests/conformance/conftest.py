"""Node, a browser and the packages of the lock, once for all tests of conformance."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser
from tests.conformance.node import Packages, installed, linked
from tests.support.browser import chromium


@pytest.fixture(scope="session")
async def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return linked(await installed(), tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser
