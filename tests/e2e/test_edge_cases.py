"""Edge cases that need servers: tenants, names, a venue that changes under its bookings, races.

The others, over forty, are in `tests/unit/domain/test_edge_cases.py` and `test_edge_cases_of_others.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import msgspec
from tests.support.client import CHANNEL, LATER, Api, World
from tests.support.invariants import check_venue
from tests.support.services import bearer

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Policy, Section, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
ANN, BOB = bearer("customer", sub="ann"), bearer("customer", sub="bob")
STAFF = bearer("staff", "backroom", sub="sam")
MANAGER = bearer("manager", "backroom", sub="mia")
STRANGER = bearer("manager", "elsewhere", sub="eve")


def restaurant(capacity: int = 6, price: int = 1000, **policy: Any) -> VenueDefinition:
    """Tables `t1` and `t2`, a pool; two slots that touch."""
    return VenueDefinition(
        policy=Policy(**policy),
        slots=[
            Slot(slot_id=CHANNEL.slot, start="21:00", end="23:00"),
            Slot(slot_id=LATER.slot, start="23:00", end="25:00"),
        ],
        sections=[
            Section(section_id="t1", kind=SectionKind.TABLE, price=price),
            Section(section_id="t2", kind=SectionKind.TABLE, price=price),
            Section(section_id="p", kind=SectionKind.POOL, capacity=capacity, price=10),
        ],
    )


async def define(api: Api, definition: VenueDefinition) -> None:
    await api.put_venue(definition, (await api.http.get(VENUE)).headers["etag"])


async def booked(api: Api, section: str, by: dict[str, str], **more: Any) -> dict[str, Any]:
    body = {
        "date": CHANNEL.date,
        "slotId": CHANNEL.slot,
        "sectionIds": [section],
        "contact": {"name": "Jo"},
        **more,
    }
    answer = await api.post("/bookings", body, by=by)
    assert answer.status_code == 201, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


def code_of(answer: httpx.Response) -> str:
    return "" if answer.is_success else str(answer.json()["code"])


async def test_another_tenant_finds_nothing_of_ours_under_any_address(api: Api) -> None:
    await define(api, restaurant())
    booking, hold = await booked(api, "t1", ANN), (await api.hold("t2", by="ann")).json()
    night = {"date": CHANNEL.date, "slotId": CHANNEL.slot}
    version = (await api.snapshot())["version"]
    tried = [
        await api.http.get(f"{VENUE}/bookings/{booking['bookingId']}", headers=STRANGER),
        await api.http.get(f"{VENUE}/bookings", params={"q": "Jo"}, headers=STRANGER),
        await api.post(f"/bookings/{booking['bookingId']}/cancel", by=STRANGER),
        await api.post(f"/holds/{hold['holdId']}/confirm", by=STRANGER),
        await api.post("/blocks", night, by=STRANGER),
        await api.http.delete(f"{VENUE}/holds/{hold['holdId']}", headers=STRANGER),
    ]
    assert [answer.status_code for answer in tried] == [404] * len(tried)
    assert booking["bookingId"] not in "".join(answer.text for answer in tried)
    assert (await api.snapshot())["version"] == version
    # Nor is it there under the stranger's own club.
    own = bearer("admin", sub="root")
    await api.http.put("/v1/clubs/elsewhere", json={"name": "Elsewhere"}, headers=own)
    content = msgspec.json.encode(restaurant())
    headers = {**own, "content-type": "application/json"}
    there = "/v1/clubs/elsewhere/venues/leeds"
    assert (await api.http.put(there, content=content, headers=headers)).status_code == 201
    for path in (f"bookings/{booking['bookingId']}", f"holds/{hold['holdId']}"):
        assert (await api.http.get(f"{there}/{path}", headers=STRANGER)).status_code == 404


async def test_names_in_any_script_are_kept_and_found_and_said_to_nobody_else(
    world: World, api: Api
) -> None:
    heard = await world.nc.subscribe("bookings.v1.backroom.leeds.booking.*")
    await world.nc.flush()
    await define(api, restaurant())
    for name in ("Zoë Ångström-Łukasz", "山田 太郎", "نور الدين", "O’Brien 🎂"):
        booking = await booked(api, "p", ANN, contact={"name": name}, notes=f"{name} 🎉")
        read = await api.http.get(f"{VENUE}/bookings/{booking['bookingId']}", headers=ANN)
        assert (read.json()["contact"]["name"], read.json()["notes"]) == (name, f"{name} 🎉")
        found = await api.http.get(
            f"{VENUE}/bookings", params={"q": name.split()[0].lower()}, headers=STAFF
        )
        assert [item["bookingId"] for item in found.json()["items"]] == [booking["bookingId"]]
        told = await heard.next_msg(timeout=10)
        assert name.split()[0].encode() not in told.data


async def test_a_venue_that_changes_under_its_bookings_takes_nothing_from_them(api: Api) -> None:
    await define(api, restaurant())
    hold = (await api.hold("p", "t1", by="ann", quantities={"p": 4})).json()
    await define(api, restaurant(capacity=2, price=9900))
    shown = {s["sectionId"]: s for s in (await api.snapshot(headers=STAFF))["sections"]}
    assert shown["p"]["capacity"] == {"total": 2, "available": 0, "overCommitted": 2}
    assert code_of(await api.hold("p", by="bob")) == "SECTION_NOT_AVAILABLE"
    booking = (await api.confirm(hold["holdId"], by="ann")).json()
    assert (booking["totalAmount"], booking["status"]) == (1040, "confirmed")
    assert (await api.hold("t2", by="bob")).json()["totalAmount"] == 9900
    await api.post(f"/bookings/{booking['bookingId']}/cancel", by=ANN)
    assert (await api.hold("p", by="bob", quantities={"p": 2})).status_code == 201
    gone = restaurant()
    gone.sections.pop()
    headers = {"if-match": (await api.http.get(VENUE)).headers["etag"], **MANAGER}
    headers["content-type"] = "application/json"
    refused = await api.http.put(VENUE, content=msgspec.json.encode(gone), headers=headers)
    assert (code_of(refused), refused.json()["sectionIds"]) == ("SECTION_IN_USE", ["p"])


async def test_two_who_want_each_others_table_at_once_both_keep_one(world: World, api: Api) -> None:
    other = Api((await world.services.command_api()).url)
    async with other:
        await define(api, restaurant())
        one, two = await booked(api, "t1", ANN), await booked(api, "t2", BOB)

        def move(where: Api, booking: dict[str, Any], to: str, by: dict[str, str]) -> Any:
            body = {"date": CHANNEL.date, "slotId": CHANNEL.slot, "sectionIds": [to]}
            return where.post(f"/bookings/{booking['bookingId']}/reschedule", body, by=by)

        for _ in range(5):
            answers = await asyncio.gather(move(api, one, "t2", ANN), move(other, two, "t1", BOB))
            assert {code_of(answer) for answer in answers} == {"SECTION_NOT_AVAILABLE"}
        await check_venue(world.database, "backroom", "leeds")


async def test_the_tables_of_a_date_are_counted_over_slots_and_replicas(
    world: World, api: Api
) -> None:
    other = Api((await world.services.command_api()).url)
    async with other:
        await define(api, restaurant(max_tables_per_customer_per_date=1))
        answers = await asyncio.gather(
            *(
                where.hold(table, by="ann", channel=channel)
                for where in (api, other)
                for table in ("t1", "t2")
                for channel in (CHANNEL, LATER)
            )
        )
        assert Counter(code_of(answer) for answer in answers)[""] == 1
        assert "MAX_TABLES_EXCEEDED" in {code_of(answer) for answer in answers}
        await check_venue(world.database, "backroom", "leeds")
