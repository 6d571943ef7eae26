"""Limits: who is turned away, with which words, and that nobody is counted who is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sse_starlette.sse import EventSourceResponse
from tests.integration.gateway.conftest import Start, snapshot_url, stream_url
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.services import bearer
from tests.support.sse_client import Client, SseParser
from tests.support.until import until

from stream_gateway.app import Gateway
from stream_gateway.handover import HandoverProtocol

PROXIED: dict[str, Any] = {"trusted_proxies": ("127.0.0.0/8", "::1")}
EVENTS = {"Accept": "text/event-stream"}


def at(address: str) -> dict[str, str]:
    """As if from there."""
    return {"X-Forwarded-For": f"198.51.100.1, {address}"}


def shed(gateway: Gateway, reason: str) -> float:
    registry = gateway.metrics.registry
    return registry.get_sample_value("holdfast_gateway_shed_total", {"reason": reason}) or 0.0


def nobody_is_counted(gateway: Gateway) -> bool:
    counts = gateway.limits
    left = (counts.streams, counts.addresses, counts.users, counts.clubs)
    return not any(left) and not gateway.hub.registry.groups


async def turned_away(url: str, headers: dict[str, str], why: str) -> int:
    """The milliseconds after which an EventSource is to come back. Everybody else gets an error."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(url, headers={**EVENTS, **headers})
        error = await http.get(url, headers=headers)
        head = await http.head(url, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["connection"] == "close"
    parser = SseParser()
    assert parser.feed(answer.content) == []
    assert parser.comments == [why]
    assert (error.status_code, error.json()["code"]) == (503, "UNAVAILABLE")
    assert why in error.json()["detail"]
    assert int(error.headers["retry-after"]) >= 1
    assert head.status_code == 503
    assert parser.retry is not None
    return parser.retry


async def joined(url: str, headers: dict[str, str] | None = None) -> Client:
    client = await Client(url, headers).open()
    await client.count(1)
    return client


LIMITS = [
    ("max_clients", "node", at("8.8.8.8"), at("9.9.9.9"), None),
    ("max_clients_per_address", "address", at("8.8.8.8"), at("8.8.8.8"), at("9.9.9.9")),
    (
        "max_clients_per_address",
        "address",
        at("2600::1:0:0:0:1"),
        at("2600::1:0:0:0:2"),
        at("2600::2:0:0:0:1"),
    ),
    (
        "max_clients_per_user",
        "user",
        bearer("customer"),
        bearer("staff", CLUB),
        bearer("customer", sub="x"),
    ),
    ("max_clients_per_club", "club", {}, bearer("staff", CLUB), None),
]


@pytest.mark.parametrize(("setting", "reason", "first", "second", "other"), LIMITS)
async def test_one_more_than_there_may_be(
    start: Start,
    publisher: LivePublisher,
    setting: str,
    reason: str,
    first: dict[str, str],
    second: dict[str, str],
    other: dict[str, str] | None,
) -> None:
    gateway = await start(**{setting: 1}, **PROXIED)
    url = stream_url(gateway)
    one = await joined(url, first)
    words = {"node": "this gateway", "club": "this club"}.get(reason, f"this {reason}")
    verb = "they" if reason == "user" else "it"
    for _ in range(3):
        retry = await turned_away(url, second, f"{words} has as many streams as {verb} may")
        assert 30_000 <= retry <= 90_000
    assert shed(gateway, reason) == 9
    if other is not None:
        await (await joined(url, other)).close()
    await one.close()
    await until(lambda: nobody_is_counted(gateway))
    await (await joined(url, second)).close()
    await until(lambda: nobody_is_counted(gateway))


async def test_nobody_in_particular_shares_no_limit(start: Start, publisher: LivePublisher) -> None:
    gateway = await start(max_clients_per_user=1, max_clients_per_address=1)
    clients = [await joined(stream_url(gateway)) for _ in range(3)]
    assert gateway.limits.streams == 3
    for client in clients:
        await client.close()
    await until(lambda: nobody_is_counted(gateway))


async def test_a_stream_counts_for_each_club_that_it_is_of(
    start: Start, publisher: LivePublisher
) -> None:
    await publisher.add_venue("grand")
    gateway = await start(max_clients_per_club=1)
    await until(lambda: gateway.venues.find("grand", "leeds") is not None)
    both = f"{gateway.url}/v1/stream?channel={CHANNEL.name}&channel={CHANNEL._replace(club='grand').name}"
    client = await Client(both).open()
    await client.count(2)
    why = "this club has as many streams as it may"
    await turned_away(stream_url(gateway), {}, why)
    await turned_away(stream_url(gateway).replace(CLUB, "grand"), {}, why)
    await client.close()
    await until(lambda: nobody_is_counted(gateway))


async def test_a_drain_sends_clients_elsewhere_soon(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    gateway.routes.draining = True
    retry = await turned_away(stream_url(gateway), {}, "this gateway takes no more streams")
    assert 1000 <= retry <= 3000
    assert shed(gateway, "draining") == 3


async def test_what_is_not_known_yet_is_worth_another_try(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_gateway.absence.ASK_SECONDS", 0.1)
    publisher.serving = False  # so nobody can say whether there is such a venue
    url = stream_url(gateway).replace("leeds", "york")
    retry = await turned_away(url, {}, "the venue's schedule is on its way; come again")
    assert 5000 <= retry <= 15_000
    assert shed(gateway, "unavailable") == 3


async def test_channels_beyond_the_limit_are_refused_for_now_and_idle_ones_make_room(
    start: Start, publisher: LivePublisher
) -> None:
    gateway = await start(max_channels=2, idle_channel_seconds=1000.0)
    for venue in ("one", "two", "three", "four"):
        await publisher.add_venue(CLUB, venue)

    def path(venue: str) -> str:
        return f"/v1/clubs/{CLUB}/venues/{venue}/availability"

    query = {"date": CHANNEL.date, "slotId": CHANNEL.slot}
    await until(lambda: gateway.venues.find(CLUB, "four") is not None)
    async with httpx.AsyncClient(base_url=gateway.url, params=query) as http:
        for venue in ("one", "two", "three"):
            assert (await http.get(path(venue))).status_code == 200, "idle channels make room"
        names = [CHANNEL._replace(venue=venue).name for venue in ("one", "two")]
        url = f"{gateway.url}/v1/stream?channel={names[0]}&channel={names[1]}"
        async with Client(url) as watching:
            await watching.count(2)
            refused = await http.get(path("four"))
            assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
            assert (await http.get(path("one"))).status_code == 200, "open already"
            why = "this gateway has as many channels open as it may"
            await turned_away(stream_url(gateway).replace("leeds", "four"), {}, why)
            assert shed(gateway, "channels") == 3


async def test_channels_of_one_stream(start: Start, http: httpx.AsyncClient) -> None:
    gateway = await start(max_channels_per_client=2)
    for url in (
        stream_url(gateway, days=3),
        f"{gateway.url}/v1/stream?" + "&".join(f"channel={CHANNEL.name}{n}" for n in range(3)),
    ):
        answer = await http.get(url)
        assert answer.status_code == 400
        assert "at most 2 channels" in answer.json()["detail"]


async def test_a_head_claims_no_length_and_is_not_counted(
    start: Start, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    gateway = await start(max_clients=1)
    for _ in range(3):
        answer = await http.head(stream_url(gateway), headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in answer.headers
        assert "content-encoding" not in answer.headers
    assert nobody_is_counted(gateway)


async def test_a_refused_request_is_not_counted(
    start: Start, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    gateway = await start(**PROXIED)
    for url in (
        stream_url(gateway, slotId="none"),
        stream_url(gateway, after=1, days=2),
        stream_url(gateway, ticket="forged"),
    ):
        answer = await http.get(url, headers=at("8.8.8.8"))
        assert 400 <= answer.status_code < 500
    assert nobody_is_counted(gateway)


class TestGoneEarly:
    """A client that is not there any more when its stream would begin."""

    async def test_between_the_head_and_the_handover(
        self, start: Start, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway = await start(**PROXIED)
        let_go = HandoverProtocol.let_go
        tried = asyncio.Event()

        def too_late(self: HandoverProtocol, *args: Any) -> Any:
            self.transport.abort()
            tried.set()
            return let_go(self, *args)

        monkeypatch.setattr(HandoverProtocol, "let_go", too_late)
        headers = {**at("8.8.8.8"), **bearer("customer")}
        client = await Client(stream_url(gateway), headers).open()
        await client.until_ended()
        assert tried.is_set()
        await client.close()
        await until(lambda: nobody_is_counted(gateway))

    async def test_on_a_stream_that_cannot_be_handed_over(
        self, start: Start, publisher: LivePublisher
    ) -> None:
        gateway = await start(max_clients=1, **PROXIED)
        url = stream_url(gateway)
        body = {**at("8.8.8.8"), **bearer("customer"), "Content-Length": "2"}
        for _ in range(3):
            client = Client(url, body)
            await client.open(read=False)
            client.writer.write(b"{}")
            await until(lambda: gateway.limits.streams == 1)
            assert client.response_headers.get("connection") is None
            await turned_away(url, {}, "this gateway has as many streams as it may")
            await client.close()
            await until(lambda: nobody_is_counted(gateway))

    async def test_before_a_fallback_begins(
        self, start: Start, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway = await start(**PROXIED)

        async def never_asked_for_content(
            self: EventSourceResponse,
            scope: Any,
            receive: Any,
            send: Callable[[Any], Awaitable[None]],
        ) -> None:
            await self.body_iterator.aclose()  # type: ignore[attr-defined]
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        monkeypatch.setattr(EventSourceResponse, "__call__", never_asked_for_content)
        async with Client(stream_url(gateway), {**at("8.8.8.8"), "Content-Length": "2"}) as client:
            client.writer.write(b"{}")
            await client.until_ended()
        await until(lambda: nobody_is_counted(gateway))

    async def test_at_any_time(self, start: Start, publisher: LivePublisher) -> None:
        gateway = await start(**PROXIED)
        parts = urlsplit(stream_url(gateway))
        for turn in range(40):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            lines = [
                f"GET {parts.path}?{parts.query} HTTP/1.1",
                "Host: x",
                "X-Forwarded-For: 8.8.8.8",
            ]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            for _ in range(turn % 8):
                await asyncio.sleep(0)
            writer.transport.abort()
        async with httpx.AsyncClient() as http:
            assert (await http.get(snapshot_url(gateway))).status_code == 200
        await until(lambda: nobody_is_counted(gateway))
