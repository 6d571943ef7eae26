"""Audiences: what everybody reads, what staff read, and whose a private channel is."""

from __future__ import annotations

import httpx
import msgspec
import pytest
from tests.integration.gateway.conftest import SECRETS, STAFF, Start, stream_url
from tests.support.live_publisher import CHANNEL, CLUB, LivePublisher
from tests.support.services import bearer, token
from tests.support.sse_client import Client
from tests.support.until import until

from stream_gateway.app import Gateway


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
