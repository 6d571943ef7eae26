"""Refusals: problems with a code, the facts that belong to it, and the request's id."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest
from tests.integration.gateway.conftest import STAFF, snapshot_url
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.services import bearer
from tests.support.sse_client import Client
from tests.support.until import until

from stream_gateway.app import Gateway

BAD = [
    ({"date": None}, 400, "VALIDATION_FAILED", "date"),
    ({"date": "2026-02-30"}, 400, "VALIDATION_FAILED", "date"),
    ({"slotId": None}, 400, "VALIDATION_FAILED", "slotId"),
    ({"slotId": "a.b"}, 400, "VALIDATION_FAILED", "slotId"),
    ({"days": "0"}, 400, "VALIDATION_FAILED", "days"),
    ({"days": "65"}, 400, "VALIDATION_FAILED", "days"),
    ({"days": "9" * 5000}, 400, "VALIDATION_FAILED", "days"),
    ({"snapshot": "all"}, 400, "VALIDATION_FAILED", "snapshot"),
    ({"after": "1", "days": "2"}, 400, "VALIDATION_FAILED", "after"),
    ({"slotId": "nine"}, 404, "SLOT_NOT_FOUND", None),
]


@pytest.mark.parametrize(("query", "status", "code", "parameter"), BAD)
async def test_bad_requests(
    gateway: Gateway,
    http: httpx.AsyncClient,
    query: dict[str, Any],
    status: int,
    code: str,
    parameter: str | None,
) -> None:
    full = {"date": "2026-02-15", "slotId": "slot_21_00", **query}
    path = f"{gateway.url}/v1/clubs/backroom/venues/leeds/availability/stream"
    answer = await http.get(
        path,
        params={name: value for name, value in full.items() if value is not None},
        headers={"X-Request-Id": "req-7"},
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert problem.get("parameter") == parameter
    if parameter is not None:
        (error,) = problem["errors"]
        assert error["path"] == parameter
        assert problem["detail"] == f"{parameter}: {error['message']}."
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["requestId"] == answer.headers["x-request-id"] == "req-7"


async def test_by_name(gateway: Gateway, http: httpx.AsyncClient) -> None:
    name = CHANNEL.name
    many = "&".join(f"channel={name[:-2]}{n:02}" for n in range(65))
    for query, status, code in (
        ("", 400, "VALIDATION_FAILED"),
        ("channel=rubbish", 400, "VALIDATION_FAILED"),
        (many, 400, "VALIDATION_FAILED"),
        (f"channel={name}x", 404, "SLOT_NOT_FOUND"),
        ("channel=availability:backroom:york:2026-02-15:x", 404, "VENUE_NOT_FOUND"),
    ):
        answer = await http.get(f"{gateway.url}/v1/stream?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
        assert answer.headers["x-request-id"] == answer.json()["requestId"] != ""


async def test_unknown_places(gateway: Gateway, http: httpx.AsyncClient) -> None:
    url = snapshot_url(gateway)
    cases: list[tuple[str, dict[str, str], int, str]] = [
        (url.replace("leeds", "york"), {}, 404, "VENUE_NOT_FOUND"),
        (url.replace("backroom", "other"), {}, 404, "VENUE_NOT_FOUND"),
        (url, bearer("manager", "other"), 404, "CLUB_NOT_FOUND"),
        (url, {"Authorization": "Bearer rubbish"}, 401, "UNAUTHENTICATED"),
        (url, {"Authorization": "Basic YTpi"}, 401, "UNAUTHENTICATED"),
        (url, {"Cookie": "holdfast_token=rubbish"}, 401, "UNAUTHENTICATED"),
        (f"{gateway.url}/v2", {}, 404, "NOT_FOUND"),
        (f"{url}&slotId=slot_22_00", {}, 404, "SLOT_NOT_FOUND"),
    ]
    for place, headers, status, code in cases:
        answer = await http.get(place, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), place
        if status == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
    wrong = await http.post(url)
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_dates_on_which_a_slot_does_not_run(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    await publisher.add_venue(venue="york", days=["sun"])
    path = f"{gateway.url}/v1/clubs/backroom/venues/york/availability"

    async def status(date: str) -> int:
        query = {"date": date, "slotId": "slot_21_00"}
        return (await http.get(path, params=query)).status_code

    async with asyncio.timeout(10):
        while await status("2026-02-15") != 200:
            await asyncio.sleep(0.01)
    assert await status("2026-02-16") == 404
    # Over several days those on which it runs.
    query = "date=2026-02-14&slotId=slot_21_00&days=14"
    async with Client(f"{path}/stream?{query}") as client:
        events = await client.count(2)
        assert [e.data["date"] for e in events] == ["2026-02-15", "2026-02-22"]


async def test_venues_for_members(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    await publisher.add_venue(venue="cellar", public_read=False)
    url = snapshot_url(gateway).replace("leeds", "cellar")
    async with asyncio.timeout(10):
        while (await http.get(url)).status_code == 404:
            await asyncio.sleep(0.01)
    name = f"availability:{CLUB}:cellar:2026-02-15:slot_21_00"
    by_name = f"{gateway.url}/v1/stream?channel={name}"
    cases: list[tuple[str, dict[str, str], int]] = [
        (url, {}, 401),
        (by_name, {}, 401),
        (url, bearer("customer"), 200),
        (url, STAFF, 200),
        (url, bearer("staff", "other"), 404),
        (by_name, bearer("staff", "other"), 404),
    ]
    for place, headers, status in cases:
        assert (await http.get(place, headers=headers)).status_code == status


async def test_a_crash_is_a_problem_too(
    gateway: Gateway, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.venues, "find", lambda *_: 1 / 0)
    answer = await http.get(snapshot_url(gateway), headers={"Origin": "https://demo.example"})
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert answer.headers["access-control-allow-origin"] == "https://demo.example"


async def test_what_both_services_say_alike(gateway: Gateway, http: httpx.AsyncClient) -> None:
    assert (await http.get(f"{gateway.url}/livez")).json() == {"status": "ok"}
    nothing = (await http.get(f"{gateway.url}/v1/nothing")).json()
    assert nothing["detail"] == "There is nothing at this address."
    wrong = await http.delete(f"{gateway.url}/v1/stream")
    assert wrong.json()["detail"] == "DELETE is not possible here."
    assert wrong.headers["allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/clubs/backroom%2Fvenues/leeds/availability/stream",
        "/v1/clubs%2fbackroom/venues/leeds/availability",
        "/v1%2Fstream",
        "/sdk%2Fholdfast.js",
    ],
)
async def test_a_slash_in_disguise_is_none(
    gateway: Gateway, http: httpx.AsyncClient, path: str
) -> None:
    query = f"date={CHANNEL.date}&slotId={CHANNEL.slot}&channel={CHANNEL.name}"
    answer = await http.get(f"{gateway.url}{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert answer.headers["x-request-id"] == answer.json()["requestId"]


async def test_a_query_may_be_so_long(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    longest = "/v1/stream?" + "&".join(
        f"channel=availability%3A{'c' * 64}%3A{'v' * 64}%3A2026-02-15%3A{'s' * 62}{n}"
        for n in range(10, 74)
    )
    known = await http.get(f"{gateway.url}{longest}&ticket={'t' * 3200}")
    assert known.status_code == 401, "it was read, and the ticket is none"
    long = await http.get(f"{gateway.url}{longest}&x={'x' * 20_000}")
    assert (long.status_code, long.json()["errors"][0]["path"]) == (400, "query")
    assert long.headers["x-request-id"]


async def test_nights_that_nobody_can_book(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    await publisher.add_venue(venue="york", booking_horizon_days=30)
    await until(lambda: gateway.venues.find(CLUB, "york") is not None)
    soon = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)).isoformat()
    asked = publisher.snapshot_requests
    for date, headers, status in (
        ("9999-12-31", {}, 404),
        ("0001-01-01", bearer("customer"), 404),
        (soon, {}, 200),
        ("2039-12-31", STAFF, 200),
    ):
        url = snapshot_url(gateway, date=date).replace("leeds", "york")
        answer = await http.get(url, headers=headers)
        assert answer.status_code == status, date
        if status == 404:
            assert answer.json()["code"] == "SLOT_NOT_FOUND"
            assert publisher.snapshot_requests == asked, "nobody is asked for what cannot be"
