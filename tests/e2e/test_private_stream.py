"""A customer's private stream: told of approval, offers, cancellation, and nobody else's."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
from tests.support.client import CHANNEL, Api, World
from tests.support.commands import plain_venue
from tests.support.services import bearer
from tests.support.sse import open_stream

from holdfast.contracts.venues import Policy

VENUE = "/v1/clubs/backroom/venues/leeds"
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}
ANN, BEN = bearer("customer", sub="ann"), bearer("customer", sub="ben")
MANAGER = bearer("manager", "backroom", sub="mia")
CONTACT = {"contact": {"name": "Ann", "email": "ann@example.org"}}


async def post(api: Api, path: str, who: dict[str, str], body: Any = None) -> dict[str, Any]:
    headers = {**who, "idempotency-key": secrets.token_hex(8)}
    answer: httpx.Response = await api.http.post(VENUE + path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_each_customer_hears_of_their_own_things_in_order(world: World) -> None:
    service = await world.services.command_api()
    gateway = await world.services.gateway()
    async with Api(service.url) as api:
        await api.set_up(plain_venue(1, Policy(requires_approval=True)))
        heard: dict[str, list[tuple[str, str]]] = {"ann": [], "ben": []}
        streams = [
            await open_stream(f"{gateway.url}/v1/stream?channel=customer:backroom:{name}", who)
            for name, who in (("ann", ANN), ("ben", BEN))
        ]

        async def listen(name: str, enough: str) -> None:
            stream = streams[0 if name == "ann" else 1]
            async for event in stream:
                if event.name == "customer.updated":
                    heard[name].append((event.data["type"], event.data["data"]["status"]))
                    if event.data["type"] == enough:
                        return

        hold = await post(api, "/holds", ANN, {**NIGHT, "sectionIds": ["t0"]})
        booking = await post(api, f"/holds/{hold['holdId']}/confirm", ANN, CONTACT)
        await post(api, "/waitlist", BEN, {**NIGHT, "partySize": 2})
        await post(api, f"/bookings/{booking['bookingId']}/approve", MANAGER)
        await post(api, f"/bookings/{booking['bookingId']}/cancel", MANAGER, {"reason": "Flood"})
        await listen("ann", "booking.cancelled")
        assert heard["ann"] == [
            ("hold.created", "active"),
            ("booking.requested", "pending_approval"),
            ("booking.approved", "confirmed"),
            ("booking.cancelled", "cancelled"),
        ]
        await listen("ben", "waitlist.offered")
        assert ("waitlist.joined", "waiting") in heard["ben"]
        me = (await api.http.get("/v1/clubs/backroom/me", headers=BEN)).json()
        (entry,) = me["waitlist"]
        await post(api, f"/offers/{entry['offer']['offerId']}/accept", BEN, CONTACT)
        await listen("ben", "waitlist.accepted")
        assert len(me["holds"]) == 1
        for stream in streams:
            stream.abort()
