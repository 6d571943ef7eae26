"""Many clients that join, are cut and come back while a publisher works, in seeded disorder."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from tests.integration.gateway.conftest import running
from tests.support.live_publisher import CLUB, VENUE, LivePublisher, live_publisher
from tests.support.sse_client import Client, View

from holdfast.contracts.channels import ChannelKey
from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway

SLOTS = ("early", "late")
SEEDS = 120
CLIENTS = 5


@pytest.fixture(scope="module")
async def joining_publisher(nats_server: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    """One for many schedules, each on channels of its own."""
    async with live_publisher(nats_server.url) as made:
        await made.add_venue(slots=SLOTS)
        yield made


@pytest.fixture(scope="module")
async def joining_gateway(
    nats_server: EmbeddedNats, joining_publisher: LivePublisher
) -> AsyncIterator[Gateway]:
    """The gateway to it; its rings are so small that most replays come from the stream."""
    async with running(nats_server.url, ring_bytes=20_000) as gateway:
        yield gateway
        # Nothing was wrong with the stream at any time.
        (restarts,) = gateway.metrics.feed_restarts.collect()
        assert [each for each in restarts.samples if each.name.endswith("_total")] == []


def keys_of(seed: int) -> list[ChannelKey]:
    """Channels that no other seed uses, so that each schedule opens its own."""
    return [ChannelKey(CLUB, VENUE, f"20{30 + seed // 28}-02-{1 + seed % 28:02}", s) for s in SLOTS]


class Follower:
    """A client that is cut now and then, comes back where it was, and checks what it gets."""

    def __init__(self, gateway: Gateway, keys: list[ChannelKey], rng: random.Random) -> None:
        self.keys = keys if rng.random() < 0.5 else [rng.choice(keys)]
        self._gateway = gateway
        self._rng = rng
        self._view = View()
        self._last = ""
        self._cuts = rng.choice((0, 0, 1, 2, 3))

    async def follow(self, versions: dict[str, int], done: asyncio.Event) -> View:
        """Until `done` and every channel is at its last version."""
        while True:
            async with Client(self._url(), self._headers()) as client:
                taken = 0
                while not self._complete(versions, done):
                    await self._news(client, taken, done)
                    for event in client.events[taken:]:
                        self._view.take(event)
                    taken = len(client.events)
                    if self._cuts and self._rng.random() < 0.2:
                        self._cuts -= 1
                        break
                else:
                    return self._view
                for event in client.events[taken:]:
                    self._view.take(event)
                self._last = client.last_event_id

    async def _news(self, client: Client, taken: int, done: asyncio.Event) -> None:
        # Not for news alone: the last event may have come before `done` was set.
        news = asyncio.create_task(client.more_or_end(taken))
        end = asyncio.create_task(done.wait())
        try:
            async with asyncio.timeout(20):
                wanted = (news,) if done.is_set() else (news, end)
                await asyncio.wait(wanted, return_when="FIRST_COMPLETED")
        finally:
            for task in (news, end):
                task.cancel()
            await asyncio.gather(news, end, return_exceptions=True)

    def _complete(self, versions: dict[str, int], done: asyncio.Event) -> bool:
        return done.is_set() and all(
            self._view.versions.get(key.name) == versions[key.name] for key in self.keys
        )

    def _url(self) -> str:
        query = "&".join(f"channel={key.name}" for key in self.keys)
        known = self._view.versions.get(self.keys[0].name)
        if not self._last and known is not None and len(self.keys) == 1:
            query += f"&after={known}"
        return f"{self._gateway.url}/v1/stream?{query}"

    def _headers(self) -> dict[str, str]:
        return {"Last-Event-ID": self._last} if self._last else {}


async def write(publisher: LivePublisher, key: ChannelKey, rng: random.Random) -> None:
    """Transitions at a rhythm of the schedule's own, some committed well before they are published,
    and snapshots kept that may be old by the time they are read."""
    for _ in range(rng.randrange(5, 40)):
        body = publisher.commit(key, rng.randrange(8))
        if rng.random() < 0.3:
            await asyncio.sleep(rng.choice((0, 0, 0.001, 0.005)))
        await publisher.send(key, body)
        if rng.random() < 0.1:
            await publisher.keep_snapshot(key)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_no_hole_and_no_double(
    joining_gateway: Gateway, joining_publisher: LivePublisher, seed: int
) -> None:
    rng = random.Random(seed)
    publisher, keys = joining_publisher, keys_of(seed)
    publisher.snapshot_delay = rng.choice((0, 0, 0.002, 0.01))
    done = asyncio.Event()
    versions: dict[str, int] = {}
    for key in keys:
        if rng.random() < 0.7:
            await write(publisher, key, rng)

    async def follow_later() -> tuple[Follower, View]:
        await asyncio.sleep(rng.random() * 0.02)
        follower = Follower(joining_gateway, keys, random.Random(rng.random()))
        return follower, await follower.follow(versions, done)

    async with asyncio.TaskGroup() as group:
        following = [group.create_task(follow_later()) for _ in range(CLIENTS)]
        writing = [group.create_task(write(publisher, key, rng)) for key in keys]
        await asyncio.gather(*writing)
        versions.update({key.name: publisher.truth(key).version for key in keys})
        done.set()

    for task in following:
        follower, view = task.result()
        assert view.resets == []
        for key in follower.keys:
            truth = publisher.truth(key)
            expected = {
                id_: "unavailable" if s.state in ("confirmed", "blocked") else s.state.value
                for id_, s in truth.sections.items()
            }
            assert view.sections[key.name] == expected
