"""Requests: snapshots with ETag, problems, audiences, private channels, limits, pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from tests.integration.gateway.conftest import Start, snapshot_url, stream_url
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.services import bearer, token
from tests.support.sse_client import Client
from tests.support.until import until

from holdfast.contracts.snapshots import PublicSnapshot, StaffSnapshot
from stream_gateway.app import Gateway

SECRETS = ("cus_secret", "rec_secret", "actor", "holdId", "bookingId", "claims", "reason")
STAFF = bearer("manager", CLUB, "staff_1")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


class TestSnapshot:
    async def test_public(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        for section in (0, 1, 1, 2, 2, 2):  # held, confirmed, blocked
            await publisher.publish(section=section)
        await until(lambda: gateway.hub.position.seq == 6)
        answer = await http.get(snapshot_url(gateway))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["etag"] == f'W/"{publisher.epoch}-6-1-p"'
        assert "Authorization" in answer.headers["vary"]
        assert not [secret for secret in SECRETS if secret in answer.text]
        snapshot = msgspec.json.decode(answer.content, type=PublicSnapshot)
        assert [section.state for section in snapshot.sections[:4]] == [
            "held",
            "unavailable",
            "unavailable",
            "available",
        ]
        assert [section.held_until is None for section in snapshot.sections[:4]] == [
            False,
            True,
            True,
            True,
        ]
        assert snapshot.cursor == f"{publisher.epoch}-6"
        assert snapshot.starts_at == "2026-02-15T21:00:00.000Z"
        assert snapshot.ends_at == "2026-02-16T02:00:00.000Z"

    async def test_staff_form_equals_the_truth(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        await http.get(snapshot_url(gateway))
        for section in (0, 1, 1, 2, 2, 2, 0):
            await publisher.publish(section=section)
        await publisher.nc.flush()

        async def snapshot() -> StaffSnapshot:
            answer = await http.get(snapshot_url(gateway), headers=STAFF)
            assert answer.headers["cache-control"] == "private, no-cache"
            return msgspec.json.decode(answer.content, type=StaffSnapshot)

        async with asyncio.timeout(10):
            while (found := await snapshot()).version < 7:
                await asyncio.sleep(0.01)
        expected = publisher.snapshot()
        assert found.sections == expected.sections
        assert found.as_of == expected.as_of

    async def test_not_modified_until_the_next_version(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        first = await http.get(snapshot_url(gateway))
        etag = first.headers["etag"]
        for known in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
            same = await http.get(snapshot_url(gateway), headers={"If-None-Match": known})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["etag"] == etag
        for other in ('"x"', etag.replace("-p", "-s")):
            answer = await http.get(snapshot_url(gateway), headers={"If-None-Match": other})
            assert answer.status_code == 200
        staff = await http.get(snapshot_url(gateway), headers={"If-None-Match": etag, **STAFF})
        assert staff.status_code == 200
        await publisher.publish()
        async with asyncio.timeout(10):
            while (
                await http.get(snapshot_url(gateway), headers={"If-None-Match": etag})
            ).status_code == 304:
                await asyncio.sleep(0.01)

    async def test_compressed_when_accepted(
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        publisher.truth(sections=5_000)
        await publisher.publish()
        packed = await http.get(snapshot_url(gateway), headers={"Accept-Encoding": "br, gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < 60_000
        for accept in ("identity", "gzip;q=0"):
            plain = await http.get(snapshot_url(gateway), headers={"Accept-Encoding": accept})
            assert "content-encoding" not in plain.headers
            at = {"serverTime": ""}
            assert plain.json() | at == packed.json() | at


class TestAudience:
    async def test_public_never_sees_who_or_why(
        self, gateway: Gateway, publisher: LivePublisher
    ) -> None:
        strangers: list[dict[str, str]] = [
            {},
            bearer("customer", sub="cus_1"),
            {"Cookie": f"holdfast_token={token('customer', CLUB)}"},
        ]
        for headers in strangers:
            await publisher.publish()
            async with Client(stream_url(gateway), headers) as client:
                await client.count(1)
                for _ in range(4):
                    await publisher.publish(section=3)
                events = await client.count(5)
            text = msgspec.json.encode([event.data for event in events]).decode()
            assert not [secret for secret in SECRETS if secret in text]
            states = [(e.data["previousState"], e.data["newState"]) for e in events[1:]]
            # What the public must not see is redacted, never dropped: versions stay dense.
            assert states == [
                ("available", "held"),
                ("held", "unavailable"),
                ("unavailable", "unavailable"),
                ("unavailable", "available"),
            ]
            assert [e.data["heldUntil"] is None for e in events[1:]] == [False, True, True, True]

    @pytest.mark.parametrize("how", ["bearer", "cookie"])
    async def test_staff_see_the_message_itself(
        self, gateway: Gateway, publisher: LivePublisher, how: str
    ) -> None:
        cookie = {"Cookie": f"a=b; holdfast_token={token('staff', CLUB)}"}
        async with Client(stream_url(gateway), STAFF if how == "bearer" else cookie) as client:
            await client.count(1)
            body = publisher.commit()
            await publisher.send(CHANNEL, body)
            events = await client.count(2)
        assert "claims" in events[0].data["sections"][0]
        assert events[1].data == msgspec.to_builtins(body)

    async def test_both_on_one_channel(self, gateway: Gateway, publisher: LivePublisher) -> None:
        async with (
            Client(stream_url(gateway)) as public,
            Client(stream_url(gateway), STAFF) as staff,
        ):
            await public.count(1)
            await staff.count(1)
            await publisher.publish()
            assert "actor" not in (await public.count(2))[1].data
            assert "actor" in (await staff.count(2))[1].data
            assert public.last_event_id == staff.last_event_id


class TestPrivateChannel:
    URL = f"/v1/stream?channel=customer:{CLUB}:cus_1"

    @pytest.mark.parametrize(
        "headers",
        [
            bearer("customer", sub="cus_1"),
            bearer("customer", CLUB, "cus_1"),
            bearer("service", CLUB, "svc"),
            bearer("staff", CLUB, "anna"),
        ],
        ids=["customer", "customer of the club", "service", "staff"],
    )
    async def test_for_whom_it_is(
        self, gateway: Gateway, publisher: LivePublisher, headers: dict[str, str]
    ) -> None:
        async with Client(gateway.url + self.URL, headers) as client:
            await client.until(lambda: client.last.event == "checkpoint")
            cursor = client.last_event_id
            await publisher.notify(CLUB, "cus_2")
            await publisher.notify(CLUB, "cus_1")
            (event,) = await client.count(1)
            assert event.event == "customer.updated"
            assert event.data["channel"] == f"customer:{CLUB}:cus_1"
            last = await publisher.notify(CLUB, "cus_1")
            await until(lambda: gateway.hub.position.seq == last)
        async with Client(gateway.url + self.URL, {**headers, "Last-Event-ID": cursor}) as again:
            events = await again.count(2)
            assert [each.event for each in events] == ["customer.updated"] * 2
            assert events[-1].id is not None, "a join or a live event, either way the last has one"

    @pytest.mark.parametrize(
        ("headers", "status", "code"),
        [
            ({}, 401, "UNAUTHENTICATED"),
            (bearer("customer", sub="cus_2"), 403, "ACTION_NOT_PERMITTED"),
            (bearer("customer", "other", "cus_1"), 403, "ACTION_NOT_PERMITTED"),
            (bearer("staff", "other", "cus_1"), 403, "ACTION_NOT_PERMITTED"),
        ],
    )
    async def test_for_nobody_else(
        self,
        gateway: Gateway,
        http: httpx.AsyncClient,
        headers: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        answer = await http.get(gateway.url + self.URL, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_is_replayed_from_the_stream(
        self, start: Start, publisher: LivePublisher
    ) -> None:
        for _ in range(5):
            await publisher.notify(CLUB, "cus_1")
            await publisher.publish()
        gateway = await start()
        url = f"{gateway.url}{self.URL}&channel={CHANNEL.name}"
        headers = {**bearer("customer", sub="cus_1"), "Last-Event-ID": f"{publisher.epoch}-4"}
        async with Client(url, headers) as client:
            events = await client.count(6)
            assert [event.event for event in events] == [
                "customer.updated",
                "availability.updated",
            ] * 3
        headers["Last-Event-ID"] = "rubbish"
        async with Client(url, headers) as client:
            events = await client.count(2)
            assert [event.event for event in events] == ["reset", "snapshot"]
        async with Client(gateway.url + self.URL, headers) as client:
            await client.until(lambda: client.last.event == "checkpoint")
            assert [event.event for event in client.events] == ["reset", "checkpoint"]
            assert client.last_event_id == f"{publisher.epoch}-10"


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


class TestRefusals:
    @pytest.mark.parametrize(("query", "status", "code", "parameter"), BAD)
    async def test_bad_requests(
        self,
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
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["requestId"] == answer.headers["x-request-id"] == "req-7"

    async def test_by_name(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
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

    async def test_unknown_places(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
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
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
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
        self, gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
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

    async def test_too_many_clients(
        self, start: Start, publisher: LivePublisher, http: httpx.AsyncClient
    ) -> None:
        gateway = await start(max_clients=1)
        async with Client(stream_url(gateway)) as client:
            await client.count(1)
            async with Client(stream_url(gateway)) as second:
                assert second.status == 200
                assert second.response_headers["content-type"].startswith("text/event-stream")
                body = await second.reader.read()
                assert b"retry: " in body
            refused = await http.get(stream_url(gateway))
            assert refused.status_code == 503
            assert refused.headers["retry-after"]
            assert refused.json()["code"] == "UNAVAILABLE"

    async def test_a_crash_is_a_problem_too(
        self, gateway: Gateway, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gateway.venues, "find", lambda *_: 1 / 0)
        answer = await http.get(snapshot_url(gateway), headers={"Origin": "https://demo.example"})
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
        assert answer.headers["access-control-allow-origin"] == "https://demo.example"


class TestPages:
    async def test_config_and_policy(self, start: Start, http: httpx.AsyncClient) -> None:
        gateway = await start(command_api_url="http://127.0.0.1:9999")
        answer = await http.get(f"{gateway.url}/config.json")
        assert answer.json() == {"commandApi": "http://127.0.0.1:9999"}
        assert answer.headers["cache-control"] == "no-cache"

    async def test_files_with_their_types_and_the_policy(
        self, start: Start, http: httpx.AsyncClient
    ) -> None:
        gateway = await start(command_api_url="http://127.0.0.1:9999")
        for path, type_ in (("/", "text/html"), ("/sdk/holdfast.js", "text/javascript")):
            answer = await http.get(gateway.url + path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(type_)
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["x-content-type-options"] == "nosniff"
            policy = answer.headers["content-security-policy"]
            assert "connect-src 'self' http://127.0.0.1:9999;" in policy
        unknown = await http.get(f"{gateway.url}/sdk/nothing.js")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")

    async def test_cors_is_exact(self, gateway: Gateway, http: httpx.AsyncClient) -> None:
        ours, other = "https://demo.example", "https://demo.example.evil"
        answer = await http.get(snapshot_url(gateway), headers={"Origin": ours})
        assert answer.headers["access-control-allow-origin"] == ours
        assert answer.headers["access-control-expose-headers"] == (
            "ETag, Location, Retry-After, Idempotent-Replayed"
        )
        answer = await http.get(snapshot_url(gateway), headers={"Origin": other})
        assert "access-control-allow-origin" not in answer.headers
        ask = {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        allowed = await http.options(snapshot_url(gateway), headers={"Origin": ours, **ask})
        assert allowed.status_code == 200


async def test_a_venue_that_stops_being_public_ends_anonymous_streams_and_no_others(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    async with (
        Client(stream_url(gateway)) as anonymous,
        Client(stream_url(gateway), bearer("customer", sub="cus_1")) as known,
    ):
        await anonymous.count(1)
        await known.count(1)
        await publisher.add_venue(public_read=False)
        await anonymous.until_ended()
        assert not known.ended.is_set()
        async with httpx.AsyncClient() as http:
            assert (await http.get(stream_url(gateway))).status_code == 401


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
