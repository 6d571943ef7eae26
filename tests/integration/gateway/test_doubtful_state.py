"""What is said while the feed cannot be sure: readiness, and the snapshot endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.conftest import is_ready
from tests.support.feed_crew import Poller
from tests.support.feed_site import Site, faulty_site
from tests.support.until import until

from stream_gateway import polling


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(polling, "STALE_AFTER", 1.0)
    async with faulty_site(tmp_path) as made:
        await made.publisher.some(1)
        yield made


def deafen(site: Site) -> None:
    site.proxy.lose_answers = True


def go_away(site: Site) -> None:
    site.proxy.shut()


def lose_answers(site: Site) -> None:
    """The feed goes on, and nobody can say whether it has everything."""
    site.proxy.copies = lambda frame: 0 if frame.is_api_answer else 1


def fall_behind(site: Site) -> None:
    """The leader answers, heartbeats come, and messages do not."""
    site.proxy.copies = lambda frame: 0 if frame.is_fed else 1


@pytest.mark.parametrize("fault", [deafen, go_away, lose_answers, fall_behind])
async def test_says_so_for_as_long_as_it_lasts(site: Site, fault: Callable[[Site], None]) -> None:
    """Attempts to attach again, however many, make nothing surer."""
    poller = Poller(site.far.url)
    async with httpx.AsyncClient() as http:
        await until(lambda: is_ready(site.far))
        assert await poller.ask(http) == 200
        assert await poller.ask(http) == 304
        fault(site)
        await site.publisher.some(1)
        await until(lambda: _asked(poller, http, 503), 40)
        assert not await is_ready(site.far)
        for _ in range(60):
            assert await poller.ask(http) == 503
            assert not await is_ready(site.far)
            await site.publisher.some(1)
        assert await is_ready(site.gateways[1])
        site.proxy.copies = lambda _frame: 1
        site.proxy.cut()
        site.proxy.open()
        await until(lambda: _asked(poller, http, 200))
        await until(lambda: is_ready(site.far))
        assert await poller.ask(http) == 304
        assert poller.last["version"] == site.publisher.truth().version


async def _asked(poller: Poller, http: httpx.AsyncClient, status: int) -> bool:
    return await poller.ask(http) == status
