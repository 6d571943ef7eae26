"""A venue that this gateway has not heard of yet is no reason to send an EventSource away for good."""

from __future__ import annotations

import httpx
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.sse_client import Client
from tests.support.until import until

from holdfast.contracts.subjects import venue_key
from stream_gateway.app import Gateway

NEW = CHANNEL._replace(venue="york")


def unheard(publisher: LivePublisher) -> None:
    """command-api knows the venue, the bucket does not."""
    known = publisher._venues[venue_key(CLUB, CHANNEL.venue)]
    publisher._venues[venue_key(CLUB, NEW.venue)] = known


async def told_to_come_again(url: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(url, headers={"accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "\nretry: " in answer.text
    assert "\ndata:" not in answer.text


async def test_a_stream_of_it_is_told_to_come_again_and_then_served(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    unheard(publisher)
    url = f"{gateway.url}/v1/stream?channel={NEW.name}"
    await told_to_come_again(url)
    await publisher.add_venue(CLUB, NEW.venue)
    await until(lambda: gateway.venues.find(CLUB, NEW.venue) is not None)
    async with Client(url) as client:
        (snapshot,) = await client.count(1)
        assert snapshot.data["channel"] == NEW.name


async def test_who_wants_no_stream_gets_503(gateway: Gateway, publisher: LivePublisher) -> None:
    unheard(publisher)
    path = f"/v1/clubs/{CLUB}/venues/{NEW.venue}/availability"
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        answer = await http.get(path, params={"date": NEW.date, "slotId": NEW.slot})
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["retry-after"]) > 0


async def test_what_is_truly_absent_is_404_and_asked_for_once(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    asked = publisher.snapshot_requests
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        for _ in range(5):
            answer = await http.get(f"/v1/stream?channel={NEW.name}")
            assert (answer.status_code, answer.json()["code"]) == (404, "VENUE_NOT_FOUND")
    assert publisher.snapshot_requests == asked + 1


async def test_while_nobody_can_be_asked_it_may_be_there(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    publisher.serving = False
    await told_to_come_again(f"{gateway.url}/v1/stream?channel={NEW.name}")
