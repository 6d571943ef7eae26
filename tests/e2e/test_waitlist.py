"""Waiting for a table as customers and staff meet it: over HTTP, on a real database."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
from tests.support.client import CHANNEL, Api, World
from tests.support.services import bearer
from tests.support.until import until

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Policy, Section, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}
STAFF = bearer("staff", "backroom", sub="sam")
CONTACT = {"contact": {"name": "Ann", "email": "ann@example.org"}}


def by(name: str) -> dict[str, str]:
    return bearer("customer", sub=name)


def tables(count: int, **policy: Any) -> VenueDefinition:
    """Tables t0, t1, … of four."""
    return VenueDefinition(
        name="Leeds",
        policy=Policy(**policy),
        slots=[Slot(slot_id=CHANNEL.slot, start="21:00", end="23:00")],
        sections=[
            Section(section_id=f"t{n}", kind=SectionKind.TABLE, party_max=4) for n in range(count)
        ],
    )


async def opened(world: World, definition: VenueDefinition) -> Api:
    api = Api((await world.services.command_api()).url)
    await api.set_up(definition)
    return api


async def join(api: Api, name: str, size: int = 2) -> httpx.Response:
    return await api.post("/waitlist", {**NIGHT, "partySize": size}, by=by(name))


async def read(api: Api, entry: dict[str, Any], name: str) -> dict[str, Any]:
    answer = await api.http.get(f"{VENUE}/waitlist/{entry['entryId']}", headers=by(name))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_from_the_queue_to_a_booking(world: World) -> None:
    async with await opened(world, tables(1)) as api:
        hold = (await api.hold("t0", by="zoe")).json()
        joined = await join(api, "ann")
        assert joined.status_code == 201, joined.text
        ann, bob = joined.json(), (await join(api, "bob")).json()
        assert joined.headers["location"] == f"{VENUE}/waitlist/{ann['entryId']}"
        assert (ann["position"], bob["position"], ann["estimatedMinutes"]) == (1, 2, 5)
        assert await read(api, ann, "ann") == ann
        again = await join(api, "ann")
        assert (again.status_code, again.json()) == (200, ann)
        other = await api.http.get(f"{VENUE}/waitlist/{ann['entryId']}", headers=by("bob"))
        assert (other.status_code, other.json()["code"]) == (404, "WAITLIST_ENTRY_NOT_FOUND")
        queue = await api.http.get(f"{VENUE}/waitlist", params={**NIGHT, "limit": 1}, headers=STAFF)
        assert queue.json()["items"] == [ann]
        token = {"pageToken": queue.json()["nextPageToken"]}
        queue = await api.http.get(f"{VENUE}/waitlist", params={**NIGHT, **token}, headers=STAFF)
        assert queue.json() == {"items": [bob], "nextPageToken": None}
        own = await api.http.get(f"{VENUE}/waitlist", params=NIGHT, headers=by("bob"))
        assert own.json()["items"] == [bob]

        await api.release(hold["holdId"], by="zoe")
        assert (await api.hold("t0", by="yan")).status_code == 409
        offered = await read(api, ann, "ann")
        assert (offered["status"], offered["position"]) == ("offered", None)
        offer = offered["offer"]
        assert (offer["sectionIds"], offer["holdId"]) == (["t0"], offer["offerId"])
        assert (await read(api, bob, "bob"))["position"] == 1
        mine = (await api.http.get("/v1/clubs/backroom/me", headers=by("ann"))).json()
        assert mine["waitlist"] == [offered]
        assert [held["holdId"] for held in mine["holds"]] == [offer["holdId"]]

        accept = f"/offers/{offer['offerId']}/accept"
        taken = await api.post(accept, CONTACT, by=by("bob"))
        assert (taken.status_code, taken.json()["code"]) == (404, "OFFER_NOT_FOUND")
        booked = await api.post(accept, CONTACT, by=by("ann"))
        assert booked.status_code == 201, booked.text
        booking = booked.json()
        assert booked.headers["location"] == f"{VENUE}/bookings/{booking['bookingId']}"
        assert (booking["partySize"], booking["sectionIds"]) == (2, ["t0"])
        ended = await read(api, ann, "ann")
        assert (ended["status"], ended["bookingId"]) == ("accepted", booking["bookingId"])
        repeated = await api.post(accept, CONTACT, by=by("ann"))
        assert repeated.json()["bookingId"] == booking["bookingId"]

        await api.post(f"/bookings/{booking['bookingId']}/cancel", by=by("ann"))
        offer = (await read(api, bob, "bob"))["offer"]
        decline = f"/offers/{offer['offerId']}/decline"
        declined = await api.post(decline, by=by("bob"))
        assert (declined.status_code, declined.json()["status"]) == (200, "declined")
        assert (await api.post(decline, by=by("bob"))).json() == declined.json()
        left = await api.http.delete(f"{VENUE}/waitlist/{bob['entryId']}", headers=by("bob"))
        assert left.json() == declined.json()
        mine = (await api.http.get("/v1/clubs/backroom/me", headers=by("bob"))).json()
        assert (mine["waitlist"], mine["holds"]) == ([], [])
        assert (await api.hold("t0", by="yan")).status_code == 201


async def test_an_offer_that_nobody_takes_goes_to_the_next_by_itself(world: World) -> None:
    async with await opened(world, tables(1, waitlist_offer_ttl_seconds=1)) as api:
        ann, bob = (await join(api, "ann")).json(), (await join(api, "bob")).json()
        assert (ann["status"], bob["status"]) == ("offered", "waiting")

        async def moved() -> bool:
            return bool((await read(api, bob, "bob"))["status"] == "offered")

        await until(moved)
        assert (await read(api, ann, "ann"))["status"] == "expired"
        late = await api.post(f"/offers/{ann['offer']['offerId']}/accept", CONTACT, by=by("ann"))
        assert (late.status_code, late.json()["code"]) == (410, "OFFER_EXPIRED")


async def test_a_venue_that_grows_serves_who_waits(world: World) -> None:
    async with await opened(world, tables(1)) as api:
        await api.hold("t0", by="zoe")
        ann = (await join(api, "ann")).json()
        etag = (await api.http.get(VENUE)).headers["etag"]
        await api.put_venue(tables(2), etag)

        async def moved() -> bool:
            return bool((await read(api, ann, "ann"))["status"] == "offered")

        await until(moved)


async def test_two_replicas_and_a_crowd_that_joins_and_leaves(world: World) -> None:
    """Twenty customers for three tables, over two replicas at once: each table is offered once, in the
    order of the queue, and whoever leaves makes room for the next."""
    async with (
        await opened(world, tables(3)) as one,
        Api((await world.services.command_api()).url) as two,
    ):
        names = [f"cus_{number}" for number in range(20)]
        sides = [(one, two)[number % 2] for number in range(20)]
        joined = await asyncio.gather(
            *(join(side, name) for side, name in zip(sides, names, strict=True))
        )
        assert {answer.status_code for answer in joined} == {201}
        entries = {name: answer.json() for name, answer in zip(names, joined, strict=True)}

        async def queue() -> list[dict[str, Any]]:
            answer = await two.http.get(f"{VENUE}/waitlist", params=NIGHT, headers=STAFF)
            items: list[dict[str, Any]] = answer.json()["items"]
            return items

        before = await queue()
        assert Counter(item["status"] for item in before) == {"offered": 3, "waiting": 17}
        assert [item["position"] for item in before] == [None] * 3 + list(range(1, 18))
        leaving = [item["customerId"] for item in before[:10]]
        gone = await asyncio.gather(
            *(
                sides[number].http.delete(
                    f"{VENUE}/waitlist/{entries[name]['entryId']}", headers=by(name)
                )
                for number, name in enumerate(leaving)
            )
        )
        assert [answer.json()["status"] for answer in gone] == ["left"] * 10
        after = await queue()
        assert [item["entryId"] for item in after] == [i["entryId"] for i in before[10:]]
        assert [item["status"] for item in after] == ["offered"] * 3 + ["waiting"] * 7
        offered = [item["offer"]["sectionIds"][0] for item in after[:3]]
        assert sorted(offered) == ["t0", "t1", "t2"]
