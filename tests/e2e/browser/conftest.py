"""One browser for these tests; a page of its own for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page
from tests.support.browser import chromium, module_page
from tests.support.databases import copy_of
from tests.support.services import replicas
from tests.support.site import Site, site

from holdfast_dev.demo_venues import demo_clubs
from holdfast_dev.nats import EmbeddedNats


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page that can import the modules of `web/`."""
    async with module_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
async def running_site(
    browser: Browser,
    postgres_url: str,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    """The services with the demo's venues."""
    folder = tmp_path_factory.mktemp("site")
    async with (
        copy_of(postgres_url, migrated_template) as database,
        EmbeddedNats(folder / "nats", sync_interval="2m") as nats,
        replicas(database, nats.url, folder) as services,
        site(services, browser) as running,
    ):
        for club in demo_clubs():
            for venue_id, definition in club.venues.items():
                await running.put(club.club_id, venue_id, definition)
        yield running


@pytest.fixture
def demo(running_site: Site) -> Site:
    """The demo on a date that no other test looks at."""
    running_site.next_date()
    return running_site
