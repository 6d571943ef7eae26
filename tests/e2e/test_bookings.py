"""The life of a booking over HTTP, on a real database and NATS, with two replicas."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
from tests.support.client import CHANNEL, Api, World
from tests.support.services import bearer
from tests.support.until import until

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Policy, Section, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
STAFF = bearer("staff", "backroom", sub="sam")
MANAGER = bearer("manager", "backroom", sub="mia")
ANN = bearer("customer", sub="ann")
CONTACT = {"name": "Ann Lee", "email": "ann@example.com"}
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}


def restaurant(**policy: Any) -> VenueDefinition:
    """Tables `t0` to `t4`; a slot in the future, and one that runs whenever the test does."""
    return VenueDefinition(
        name="Leeds",
        timezone="UTC",
        policy=Policy(**policy),
        slots=[
            Slot(slot_id=CHANNEL.slot, start="21:00", end="23:00", valid_from=CHANNEL.date),
            Slot(slot_id="now", start="00:00", end="35:59", valid_to="2027-02-01"),
        ],
        sections=[
            Section(section_id=f"t{n}", kind=SectionKind.TABLE, party_max=4) for n in range(5)
        ],
    )


async def define(api: Api, **policy: Any) -> None:
    etag = (await api.http.get(VENUE)).headers["etag"]
    await api.put_venue(restaurant(**policy), etag)


def request(*sections: str, **more: Any) -> dict[str, Any]:
    return {**NIGHT, "sectionIds": list(sections), "contact": CONTACT, **more}


def right_now() -> dict[str, str]:
    return {"date": datetime.now(UTC).date().isoformat(), "slotId": "now"}


async def booked(api: Api, *sections: str, by: dict[str, str] = ANN, **more: Any) -> dict[str, Any]:
    answer = await api.post("/bookings", request(*sections, **more), by=by)
    assert answer.status_code == 201, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_from_request_to_the_end_of_the_visit_with_all_that_others_hear(
    world: World, api: Api
) -> None:
    notices: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    bookings = await world.nc.subscribe("bookings.v1.backroom.leeds.booking.*")
    customers = await world.nc.subscribe("customers.v1.backroom.ann")
    await world.nc.flush()
    await define(api, requires_approval=True)
    booking = await booked(api, "t1", partySize=2, notes="nuts")
    path = f"/bookings/{booking['bookingId']}"
    early = await api.post(path + "/check-in", by=STAFF)
    assert code_of(early) == (409, "INVALID_TRANSITION")
    assert code_of(await api.post(path + "/approve", by=STAFF)) == (403, "ACTION_NOT_PERMITTED")
    approved = (await api.post(path + "/approve", {"reason": "regular"}, by=MANAGER)).json()
    assert (approved["status"], approved["statusReason"]) == ("confirmed", "regular")
    edited = await api.http.patch(
        VENUE + path, json={"partySize": 3}, headers={**ANN, "if-match": '"2"'}
    )
    assert (edited.status_code, edited.headers["etag"]) == (200, '"3"')
    assert (edited.json()["partySize"], edited.json()["notes"]) == (3, "nuts")
    version = (await api.snapshot())["version"]
    assert edited.json()["version"] == version == 2
    await api.post(path + "/cancel", {"reason": "ill"}, by=ANN)
    read = await api.http.get(VENUE + path, headers=ANN)
    assert (read.json()["statusReason"], read.headers["etag"]) == ("ill", '"4"')

    for subscription, heard in ((bookings, notices), (customers, told)):
        for _ in range(4):
            message = await subscription.next_msg(timeout=10)
            heard.append(msgspec.json.decode(message.data))
            assert b"nuts" not in message.data
            assert b"ann@example.com" not in message.data
            assert b"ill" not in message.data
    assert [notice["type"] for notice in notices] == [
        "booking.requested",
        "booking.approved",
        "booking.changed",
        "booking.cancelled",
    ]
    assert [notice["revision"] for notice in notices] == [1, 2, 3, 4]
    assert [notice["type"] for notice in told] == [notice["type"] for notice in notices]


async def test_a_walk_in_comes_leaves_and_the_table_is_sold_again(api: Api) -> None:
    await define(api)
    walk_in = {**right_now(), "sectionIds": ["t0"]}
    made = await api.post("/bookings", walk_in, by=STAFF, key="door-1")
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith(made.json()["bookingId"])
    again = await api.post("/bookings", walk_in, by=STAFF, key="door-1")
    assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    assert code_of(await api.post("/bookings", walk_in, by=STAFF)) == (409, "SECTION_NOT_AVAILABLE")
    path = f"/bookings/{made.json()['bookingId']}"
    kiosk = bearer("kiosk", "backroom", sub="door")
    here = await api.post(path + "/check-in", by=kiosk)
    assert here.json()["status"] == "checked_in"
    twice = await api.post(path + "/check-in", by=kiosk)
    assert twice.json() | {"serverTime": ""} == here.json() | {"serverTime": ""}
    assert code_of(await api.post(path + "/no-show", by=STAFF)) == (409, "INVALID_TRANSITION")
    assert code_of(await api.post(path + "/cancel", by=STAFF)) == (403, "ACTION_NOT_PERMITTED")
    done = await api.post(path + "/complete", by=STAFF)
    assert done.json()["status"] == "completed"
    assert (await api.post(path + "/complete", by=STAFF)).json() == done.json()
    read = await api.http.get(VENUE + path, headers=STAFF)
    assert read.json() == done.json()
    sold = await api.post("/bookings", walk_in, by=STAFF)
    assert sold.status_code == 201, sold.text
    missed = await api.post(f"/bookings/{sold.json()['bookingId']}/no-show", by=STAFF)
    assert missed.json()["status"] == "no_show"
    assert (await api.post("/bookings", walk_in, by=kiosk)).status_code == 201


async def test_a_request_that_nobody_approves_is_over_by_the_databases_clock(api: Api) -> None:
    await define(api, requires_approval=True, approval_ttl_seconds=1)
    booking = await booked(api, "t2")
    path = f"/bookings/{booking['bookingId']}"

    async def read() -> str:
        status: str = (await api.http.get(VENUE + path, headers=ANN)).json()["status"]
        return status

    async def over() -> bool:
        return await read() == "expired"

    await until(over)
    late = await api.post(path + "/approve", by=MANAGER)
    assert (late.status_code, late.json()["currentStatus"]) == (409, "expired")
    assert await read() == "expired"
    assert (await booked(api, "t2", by=bearer("customer", sub="bob")))["customerId"] == "bob"


async def test_two_replicas_at_once_sell_a_table_once_and_decide_a_request_once(
    world: World, api: Api
) -> None:
    await define(api, requires_approval=True)
    second = await world.services.command_api()
    async with Api(second.url) as other:
        sides = (api, other)
        tries = await asyncio.gather(
            *(sides[n % 2].post("/bookings", request("t0"), by=MANAGER) for n in range(20))
        )
        assert Counter(answer.status_code for answer in tries) == {201: 1, 409: 19}
        for turn in range(5):
            booking = await booked(api, "t1")
            path = f"/bookings/{booking['bookingId']}"
            yes, no = await asyncio.gather(
                sides[turn % 2].post(path + "/approve", by=MANAGER),
                sides[1 - turn % 2].post(path + "/decline", by=MANAGER),
            )
            assert sorted((yes.status_code, no.status_code)) == [200, 409]
            status = (await other.http.get(VENUE + path, headers=ANN)).json()["status"]
            assert status == ("confirmed" if yes.status_code == 200 else "declined")
            if status == "confirmed":
                cancelled = await api.post(path + "/cancel", by=ANN)
                assert cancelled.status_code == 200


async def test_two_edits_of_one_revision_have_one_winner_and_a_key_replays(
    world: World, api: Api
) -> None:
    await define(api)
    second = await world.services.command_api()
    booking = await booked(api, "t3")
    path = f"{VENUE}/bookings/{booking['bookingId']}"
    async with Api(second.url) as other:
        edits = await asyncio.gather(
            *(
                side.http.patch(path, json={"notes": note}, headers={**ANN, "if-match": '"1"'})
                for side, note in ((api, "one"), (other, "two"))
            )
        )
    assert sorted(answer.status_code for answer in edits) == [200, 412]
    (lost,) = (answer for answer in edits if answer.status_code == 412)
    assert (lost.json()["code"], lost.json()["version"]) == ("VERSION_MISMATCH", 2)
    headers = {**ANN, "if-match": '"2"', "idempotency-key": "edit-1"}
    first = await api.http.patch(path, json={"partySize": 4}, headers=headers)
    again = await api.http.patch(path, json={"partySize": 4}, headers=headers)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert first.headers["etag"] == again.headers["etag"] == '"3"'
    assert code_of(await api.http.patch(path, json={"partySize": 4}, headers=ANN)) == (
        428,
        "PRECONDITION_REQUIRED",
    )
    crowd = await api.http.patch(path, json={"partySize": 5}, headers={**ANN, "if-match": '"3"'})
    assert code_of(crowd) == (422, "CAPACITY_MISMATCH")
