"""Clients that take gzip: each event is there before the next is published, a stream that ends without
gzip's trailer is no fault, and what came really was gzip."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest
from playwright.async_api import Browser
from tests.conformance.clients import GZIP, ONCE, client, each
from tests.conformance.node import Packages
from tests.conformance.overhearing import Overhearing, overhearing
from tests.conformance.recording import Recording, Told, those_at
from tests.conformance.whatwg.rules import frames_of
from tests.conformance.whatwg.wire import Answer
from tests.integration.gateway.conftest import running
from tests.support.live_publisher import DATE, SLOT, LivePublisher, live_publisher

from holdfast_dev.nats import EmbeddedNats

FIRST = 2
"""The version of the snapshot."""
DRAINED_AT = 10
EVENTS = 14
PATH = f"/v1/clubs/backroom/venues/leeds/availability/stream?date={DATE}&slotId={SLOT}"


class Outcome(NamedTuple):
    """What the clients told, and the answers that they got."""

    told: dict[str, list[Told]]
    answers: dict[str, list[Answer]]


async def one_by_one(
    publisher: LivePublisher, clients: list[Recording], up_to: int
) -> list[Recording]:
    """Publish, each event when all have the one before; those that were always there."""
    while publisher.truth().version < up_to:
        clients = await those_at(clients, await publisher.publish())
    return clients


@pytest.fixture(scope="module")
async def outcome(nats_server: EmbeddedNats, browser: Browser, packages: Packages) -> Outcome:
    """The whole story; it is over before the first test looks at it."""
    clients: list[Recording] = []
    between: list[Overhearing] = []
    async with live_publisher(nats_server.url) as publisher, AsyncExitStack() as stack:
        for _ in range(FIRST):
            await publisher.publish()
        async with running(nats_server.url) as first:
            for name in GZIP:
                way = await stack.enter_async_context(overhearing(first.url))
                starting = client(name, way.url + PATH, browser=browser, packages=packages)
                clients.append(await stack.enter_async_context(starting))
                between.append(way)
            well = await those_at(clients, FIRST)
            well = await one_by_one(publisher, well, DRAINED_AT)
            second = await stack.enter_async_context(running(nats_server.url))
            for way in between:
                way.target = second.url
            await first.drain()
        back = [it for it in well if it.name not in ONCE]
        await one_by_one(publisher, back, EVENTS)
        return Outcome(
            {it.name: it.events for it in clients},
            {it.name: way.streams() for it, way in zip(clients, between, strict=True)},
        )


@each(GZIP)
def test_every_event_before_the_next_is_published(outcome: Outcome, name: str) -> None:
    last = DRAINED_AT if name in ONCE else EVENTS
    first, *rest = outcome.told[name]
    assert (first.event, first.body["version"]) == ("snapshot", FIRST)
    assert [event.body["version"] for event in rest] == list(range(FIRST + 1, last + 1))
    assert {event.event for event in rest} == {"availability.updated"}


@each(GZIP)
def test_it_was_gzip(outcome: Outcome, name: str) -> None:
    answers = outcome.answers[name]
    assert [answer.ended for answer in answers] == [True, False][: 1 if name in ONCE else 2]
    for answer in answers:
        assert answer.headers["content-encoding"] == "gzip"
        assert b"event: availability.updated" in answer.body
        frames_of(bytes(answer.body))
