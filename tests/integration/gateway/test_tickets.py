"""Tickets: what they are given for, what they open, and what one that is over is told."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.integration.gateway.conftest import STAFF, Start, snapshot_url, stream_url
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.services import SECRET, bearer, token
from tests.support.sse_client import Client, Received, SseParser
from tests.support.until import until

from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.states import Role
from holdfast.runtime.auth import issue_token
from holdfast.runtime.logs import JsonFormatter, TextFormatter
from stream_gateway.app import Gateway

OWN, OTHERS = f"customer:{CLUB}:cus_1", f"customer:{CLUB}:cus_2"
CUSTOMER = bearer("customer", sub="cus_1")
EVENTS = {"Accept": "text/event-stream"}


async def ask(gateway: Gateway, headers: dict[str, str], *channels: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        url = f"{gateway.url}/v1/stream-tickets"
        return await http.post(url, headers=headers, json={"channels": list(channels)})


async def ticket(gateway: Gateway, headers: dict[str, str], *channels: str) -> str:
    answer = await ask(gateway, headers, *channels)
    assert answer.status_code == 200, answer.text
    given: str = answer.json()["ticket"]
    return given


def by_name(gateway: Gateway, *channels: str, **query: str) -> str:
    named = [("channel", name) for name in channels]
    return f"{gateway.url}/v1/stream?{httpx.QueryParams([*named, *query.items()])}"


async def told(url: str, headers: dict[str, str] | None = None) -> tuple[str, int]:
    """The reason for which an EventSource is to authenticate again, and how long it waits."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(url, headers={**EVENTS, **(headers or {})})
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    parser = SseParser()
    events: list[Received] = parser.feed(answer.content)
    assert [event.event for event in events] == ["reauth"]
    assert parser.retry is not None
    reason: str = events[0].data["reason"]
    return reason, parser.retry


def later(gateway: Gateway, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the clock by which the gateway reads tickets."""
    monkeypatch.setattr(gateway.tickets, "_now", lambda: time.time() + seconds)


class TestOpening:
    async def test_staff_by_path_and_customers_by_name(
        self, gateway: Gateway, publisher: LivePublisher
    ) -> None:
        answer = await ask(gateway, STAFF, CHANNEL.name)
        assert answer.headers["cache-control"] == "no-store"
        left = epoch_ms(answer.json()["expiresAt"]) / 1000 - time.time()
        assert 0 < left <= 60
        async with Client(stream_url(gateway, ticket=answer.json()["ticket"])) as staff:
            (event,) = await staff.count(1)
            assert "claims" in event.data["sections"][0]
        both = await ticket(gateway, CUSTOMER, CHANNEL.name, OWN)
        async with Client(by_name(gateway, CHANNEL.name, OWN, ticket=both)) as own:
            (event,) = await own.count(1)
            assert "claims" not in event.data["sections"][0]
            await publisher.notify(CLUB, "cus_1")
            assert (await own.count(2))[1].event == "customer.updated"
        async with Client(by_name(gateway, OWN, ticket=both)) as part:
            await part.until(lambda: part.last.event == "checkpoint")

    async def test_several_days_of_a_venue(
        self, gateway: Gateway, publisher: LivePublisher
    ) -> None:
        dates = ["2026-02-15", "2026-02-16"]
        names = [CHANNEL._replace(date=date).name for date in dates]
        given = await ticket(gateway, CUSTOMER, *names)
        async with Client(stream_url(gateway, days=2, ticket=given)) as client:
            assert [event.data["date"] for event in await client.count(2)] == dates

    async def test_channels_that_it_is_not_for(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        given = await ticket(gateway, STAFF, CHANNEL.name)
        for url in (
            by_name(gateway, CHANNEL.name, OWN, ticket=given),
            by_name(gateway, OTHERS, ticket=given),
            stream_url(gateway, days=2, ticket=given),
        ):
            answer = await http.get(url, headers=EVENTS)
            assert (answer.status_code, answer.json()["code"]) == (403, "ACTION_NOT_PERMITTED")

    async def test_on_any_gateway(self, start: Start, publisher: LivePublisher) -> None:
        one, other = await start(), await start()
        given = await ticket(one, STAFF, CHANNEL.name)
        async with Client(stream_url(other, ticket=given)) as client:
            assert "claims" in (await client.count(1))[0].data["sections"][0]

    async def test_beside_a_cookie_it_counts_and_beside_a_bearer_it_is_a_mistake(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        given = await ticket(gateway, STAFF, CHANNEL.name)
        for cookie in (token("customer"), "rubbish"):
            headers = {"Cookie": f"holdfast_token={cookie}"}
            async with Client(stream_url(gateway, ticket=given), headers) as client:
                assert "claims" in (await client.count(1))[0].data["sections"][0]
        for header in (STAFF, CUSTOMER, {"Authorization": "Basic YTpi"}):
            answer = await http.get(stream_url(gateway, ticket=given), headers=header)
            assert (answer.status_code, answer.json()["parameter"]) == (400, "ticket")


class TestAsking:
    @pytest.mark.parametrize(
        ("headers", "channels", "status", "code"),
        [
            ({}, [CHANNEL.name], 401, "UNAUTHENTICATED"),
            ({"Cookie": f"holdfast_token={token('staff', CLUB)}"}, [CHANNEL.name], 401, "UNAUTHENTICATED"),
            ({"Authorization": "Bearer rubbish"}, [CHANNEL.name], 401, "UNAUTHENTICATED"),
            (CUSTOMER, [CHANNEL.name, OTHERS], 403, "ACTION_NOT_PERMITTED"),
            (bearer("staff", "other"), [CHANNEL.name], 404, "CLUB_NOT_FOUND"),
            (CUSTOMER, [f"{CHANNEL.name}x"], 404, "SLOT_NOT_FOUND"),
            (CUSTOMER, ["availability:a:b:2026-02-15:c"], 404, "VENUE_NOT_FOUND"),
        ],
    )  # fmt: skip
    async def test_only_for_what_its_bearer_may_read(
        self,
        gateway: Gateway,
        headers: dict[str, str],
        channels: list[str],
        status: int,
        code: str,
    ) -> None:
        answer = await ask(gateway, headers, *channels)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_bodies(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
        many = {"channels": [CHANNEL.name] * 65}
        cases: list[tuple[Any, int, str | None]] = [
            (b"", 400, ""),
            (b"{", 400, ""),
            (b"[" * 20_000, 400, ""),
            (b"{}", 400, ""),
            (b'{"channels": []}', 400, "channels"),
            (json.dumps(many).encode(), 400, "channels"),
            (b'{"channels": ["a", 1]}', 400, "channels[1]"),
            (b'{"channels": ["rubbish"]}', 400, "channels"),
            (b'{"channels": ["' + b"x" * 301 + b'"]}', 400, "channels[0]"),
            (b'{"channels": ["a"], "chanels": 1}', 400, ""),
            (b" " * 40_000, 413, None),
        ]
        kind = {"Content-Type": "application/json; charset=utf-8"}
        url = f"{gateway.url}/v1/stream-tickets"
        for body, status, path in cases:
            answer = await http.post(url, headers={**CUSTOMER, **kind}, content=body)
            assert answer.status_code == status, body[:40]
            if path is not None:
                assert answer.json()["errors"][0]["path"] == path, answer.text
        for header in ({}, {"Content-Type": "text/plain"}):
            answer = await http.post(url, headers={**CUSTOMER, **header}, content=b"{}")
            assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * 1000

        answer = await http.post(url, headers={**CUSTOMER, **kind}, content=endless())
        assert (answer.status_code, answer.json()["max"]) == (413, 32 * 1024)

    async def test_for_members(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        await publisher.add_venue(venue="cellar", public_read=False)
        await until(lambda: gateway.venues.find(CLUB, "cellar") is not None)
        name = CHANNEL._replace(venue="cellar").name
        given = await ticket(gateway, CUSTOMER, name)
        assert (await http.get(by_name(gateway, name))).status_code == 401
        async with Client(by_name(gateway, name, ticket=given)) as client:
            await client.count(1)


class TestTime:
    async def test_after_a_minute_only_for_coming_back(
        self, gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = await ticket(gateway, STAFF, CHANNEL.name)
        url = stream_url(gateway, ticket=given)
        async with Client(url) as client:
            await client.count(1)
            cursor = client.last_event_id
        later(gateway, 3600, monkeypatch)
        await publisher.publish()
        async with Client(url, {"Last-Event-ID": cursor}) as client:
            (event,) = await client.count(1)
            assert event.data["version"] == 1
            assert "actor" in event.data
        # An address that was found somewhere brings no header, whatever is in it.
        for query in ("", f"&cursor={cursor}"):
            reason, retry = await told(url + query)
            assert reason == "ticket_expired"
            assert 30_000 <= retry <= 90_000
        assert (await told(url, {"Last-Event-ID": ""}))[0] == "ticket_expired"

    async def test_after_the_token(
        self, gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = await ticket(gateway, STAFF, CHANNEL.name)
        later(gateway, 13 * 3600, monkeypatch)
        for headers in ({}, {"Last-Event-ID": f"{publisher.epoch}-0"}):
            reason, retry = await told(stream_url(gateway, ticket=given), headers)
            assert reason == "token_expired"
            assert 30_000 <= retry <= 90_000
        assert not gateway.hub.registry.channels, "it costs no channel"

    async def test_an_open_stream_ends_with_its_token(
        self, gateway: Gateway, publisher: LivePublisher
    ) -> None:
        short = issue_token(SECRET, role=Role.STAFF, subject="sam", club=CLUB, ttl=3)
        given = await ticket(gateway, {"Authorization": f"Bearer {short}"}, CHANNEL.name)
        async with Client(stream_url(gateway, ticket=given)) as client:
            await client.until_ended()
            assert client.clean_end
            assert client.last.event == "reauth"
            assert client.last.data == {"reason": "token_expired"}
        resumed = {"Last-Event-ID": client.last_event_id}
        assert (await told(stream_url(gateway, ticket=given), resumed))[0] == "token_expired"

    async def test_a_cookie_that_is_over_is_told_the_same(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        over = issue_token(SECRET, role=Role.CUSTOMER, subject="ada", ttl=-1)
        cookie = {"Cookie": f"holdfast_token={over}"}
        assert (await told(stream_url(gateway), cookie))[0] == "token_expired"
        assert (await http.get(stream_url(gateway), headers=cookie)).status_code == 401
        header = {"Authorization": f"Bearer {over}"}
        answer = await http.get(stream_url(gateway), headers={**header, **EVENTS})
        assert answer.status_code == 401


class TestForged:
    async def test_an_event_source_may_get_another_and_the_rest_is_refused(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        given = await ticket(gateway, STAFF, CHANNEL.name)
        for forged in ("", "x.y", f"x{given}", token("staff", CLUB)):
            url = stream_url(gateway, ticket=forged)
            assert (await told(url))[0] == "ticket_invalid"
            answer = await http.get(url, headers={"Accept": "*/*"})
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
        assert not gateway.hub.registry.channels

    async def test_a_ticket_is_no_bearer(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        given = await ticket(gateway, STAFF, CHANNEL.name)
        for headers in (
            {"Authorization": f"Bearer {given}"},
            {"Cookie": f"holdfast_token={given}"},
        ):
            answer = await http.get(snapshot_url(gateway), headers=headers)
            assert answer.status_code == 401
        assert (await ask(gateway, {"Authorization": f"Bearer {given}"}, OWN)).status_code == 401


async def test_a_venue_that_stops_being_public_ends_anonymous_streams_and_no_others(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    given = await ticket(gateway, CUSTOMER, CHANNEL.name)
    async with (
        Client(stream_url(gateway)) as anonymous,
        Client(stream_url(gateway), CUSTOMER) as known,
        Client(stream_url(gateway, ticket=given)) as ticketed,
    ):
        for client in (anonymous, known, ticketed):
            await client.count(1)
        await publisher.add_venue(public_read=False)
        await anonymous.until_ended()
        await publisher.publish()
        for client in (known, ticketed):
            await client.count(2)
        async with httpx.AsyncClient() as http:
            assert (await http.get(stream_url(gateway))).status_code == 401


async def test_no_log_has_a_ticket_or_a_token(
    start: Start,
    publisher: LivePublisher,
    http: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = await start(access_log=True, max_clients=1)
    given, held = await ticket(gateway, STAFF, CHANNEL.name), token("staff", CLUB)
    url = stream_url(gateway, ticket=given)
    async with Client(url) as client:
        await client.count(1)
        await http.get(url)
        await told_nothing(url)
    await until(lambda: not gateway.hub.clients)
    await http.get(f"{url}x")
    await http.get(stream_url(gateway, ticket=given, slotId="none"))
    await http.get(url, headers={"Authorization": f"Bearer {held}x"})
    async with Client(url, {"Cookie": f"holdfast_token={held}"}) as client:
        await client.count(1)
    monkeypatch.setattr(gateway.venues, "find", lambda *_: 1 / 0)
    assert (await http.get(url, headers={"Cookie": f"holdfast_token={held}"})).status_code == 500
    of_the_test = ("httpx", "httpcore", "asyncio")
    ours = [record for record in caplog.records if not record.name.startswith(of_the_test)]
    assert any(record.exc_info for record in ours), "the crash was logged"
    assert any(record.getMessage() == "stream ended" for record in ours)
    for record in ours:
        for formatter in (JsonFormatter(), TextFormatter()):
            line = formatter.format(record)
            assert given not in line
            assert held not in line


async def told_nothing(url: str) -> None:
    """One more than there may be."""
    async with httpx.AsyncClient() as http:
        assert (await http.get(url, headers=EVENTS)).status_code == 200
