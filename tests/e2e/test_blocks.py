"""Blocks and capacity as staff and guests meet them: over HTTP, on real servers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import msgspec
from tests.support.client import CHANNEL, LATER, Api, World
from tests.support.commands import plain_venue
from tests.support.services import bearer

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Section, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
STAFF = bearer("staff", "backroom", sub="sam", name="Sam")
MANAGER = bearer("manager", "backroom", sub="mia")
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}


async def block(
    api: Api, *sections: str, by: dict[str, str] = STAFF, **more: Any
) -> httpx.Response:
    body: dict[str, Any] = {**NIGHT, **more}
    if sections:
        body["sectionIds"] = list(sections)
    return await api.post("/blocks", body, by=by)


async def section(api: Api, section_id: str, by: dict[str, str] | None = STAFF) -> dict[str, Any]:
    snapshot = await api.snapshot(headers=by)
    found: dict[str, Any] = next(s for s in snapshot["sections"] if s["sectionId"] == section_id)
    return found


async def test_displacing_takes_a_manager_and_leaves_a_conflict_behind(api: Api) -> None:
    hold = (await api.hold("t0", "t1", by="ann")).json()
    booking = (await api.confirm(hold["holdId"], by="ann")).json()
    other = (await api.hold("t2", by="bob")).json()
    denied = await block(api, "t0", "t2", onConflict="displace")
    assert (denied.status_code, denied.json()["code"]) == (403, "ACTION_NOT_PERMITTED")
    made = await block(api, "t0", "t2", by=MANAGER, onConflict="displace", reason="private event")
    assert made.status_code == 201, made.text
    body = made.json()
    assert body["displacedBookingIds"] == [booking["bookingId"]]
    assert body["releasedHoldIds"] == [other["holdId"]]
    assert body["actor"]["id"] == "mia"
    lost = (await api.http.get(f"{VENUE}/bookings/{booking['bookingId']}", headers=STAFF)).json()
    assert lost["status"] == "cancelled"
    assert lost["compensation"]["creditAmount"] > 0
    (conflict_id,) = body["conflictIds"]
    conflict = (await api.http.get(f"{VENUE}/conflicts/{conflict_id}", headers=STAFF)).json()
    assert (conflict["winnerId"], conflict["resolvedBy"]) == (body["blockId"], "mia")
    assert (await section(api, "t1"))["state"] == "available"
    gone = await api.confirm(other["holdId"], by="bob")
    assert gone.status_code == 409


async def test_a_block_waits_for_the_last_claim_and_nobody_gets_in_between(world: World) -> None:
    one, two = await world.services.command_api(), await world.services.command_api()
    async with Api(one.url) as api, Api(two.url) as other:
        await api.set_up()
        hold = (await api.hold("t0", by="ann")).json()
        made = (await block(api, "t0", "t1", onConflict="after_release")).json()
        assert made["waitingSectionIds"] == ["t0"]
        assert (await section(api, "t0"))["state"] == "held"

        async def ask() -> int:
            for _ in range(40):
                answer = await other.hold("t0", by="bob")
                if answer.status_code != 409:
                    return answer.status_code
            return 409

        asked = asyncio.create_task(ask())
        await api.release(hold["holdId"], by="ann")
        assert await asked == 409
        assert (await section(api, "t0"))["state"] == "blocked"
        path = f"{VENUE}/blocks/{made['blockId']}"
        read = (await other.http.get(path, headers=STAFF)).json()
        assert (read["waitingSectionIds"], set(read["sectionIds"])) == ([], {"t0", "t1"})
        removed = await other.http.delete(path, headers=STAFF)
        assert removed.json()["status"] == "removed"
        assert (await api.hold("t0", by="bob")).status_code == 201


async def test_blocks_are_listed_and_read_by_staff(api: Api) -> None:
    made = [(await block(api, f"t{n}")).json() for n in range(3)]
    later = await api.post(
        "/blocks", {"date": LATER.date, "slotId": LATER.slot, "sectionIds": ["t9"]}, by=STAFF
    )
    path = f"{VENUE}/blocks"
    await api.http.delete(f"{path}/{made[0]['blockId']}", headers=STAFF)
    first = (await api.http.get(path, params={**NIGHT, "limit": 1}, headers=STAFF)).json()
    assert [item["blockId"] for item in first["items"]] == [made[2]["blockId"]]
    rest = (
        await api.http.get(
            path, params={**NIGHT, "pageToken": first["nextPageToken"]}, headers=STAFF
        )
    ).json()
    assert [item["blockId"] for item in rest["items"]] == [made[1]["blockId"]]
    assert rest["nextPageToken"] is None
    both = (await api.http.get(path, params={"date": LATER.date}, headers=STAFF)).json()
    assert later.json()["blockId"] in {item["blockId"] for item in both["items"]}
    removed = await api.http.get(f"{path}/{made[0]['blockId']}", headers=STAFF)
    assert removed.json()["status"] == "removed"
    ann = bearer("customer", sub="ann")
    assert (await api.http.get(path, params=NIGHT, headers=ann)).status_code == 403
    assert (await api.http.get(f"{path}/blk_none", headers=STAFF)).status_code == 404


async def test_a_night_of_ten_thousand_seats_is_blocked_at_once(world: World) -> None:
    service = await world.services.command_api()
    async with Api(service.url) as api:
        await api.set_up(plain_venue(10_000))
        held = (await api.hold(*(f"t{n}" for n in range(50)), by="ann")).json()
        before = time.perf_counter()
        made = await block(api, onConflict="after_release", reason="maintenance")
        took = time.perf_counter() - before
        assert made.status_code == 201, made.text
        assert took < 10
        assert len(made.json()["sectionIds"]) == 10_000
        await api.release(held["holdId"], by="ann")
        states = {s["state"] for s in (await api.snapshot(headers=STAFF))["sections"]}
        assert states == {"blocked"}
        path = f"{VENUE}/blocks/{made.json()['blockId']}"
        assert (await api.http.delete(path, headers=STAFF)).status_code == 200
        states = {s["state"] for s in (await api.snapshot(headers=STAFF))["sections"]}
        assert states == {"available"}


def with_pool(capacity: int) -> VenueDefinition:
    pool = Section(section_id="p", kind=SectionKind.POOL, capacity=capacity)
    definition = plain_venue(2)
    return msgspec.structs.replace(definition, sections=[*definition.sections, pool])


async def test_staff_see_over_commitment_and_the_public_never_does(api: Api) -> None:
    async def define(capacity: int) -> None:
        etag = (await api.http.get(VENUE)).headers["etag"]
        await api.put_venue(with_pool(capacity), etag)

    await define(5)
    holds = [(await api.hold("p", by=f"c{n}", quantities={"p": 2})).json() for n in range(2)]
    await define(3)
    shown = await section(api, "p")
    assert shown["capacity"] == {"total": 3, "available": 0, "overCommitted": 1}
    assert shown["state"] == "held"
    assert (await section(api, "p", by=None))["capacity"] == {"total": 3, "available": 0}
    denied = await api.hold("p", by="c9")
    assert (denied.status_code, denied.json()["code"]) == (409, "SECTION_NOT_AVAILABLE")
    await api.confirm(holds[0]["holdId"], by="c0")
    await api.release(holds[1]["holdId"], by="c1")
    assert (await section(api, "p"))["capacity"] == {"total": 3, "available": 1}


async def test_a_definition_that_would_break_claims_is_refused_with_what_is_in_use(
    api: Api,
) -> None:
    await api.hold("t0", by="ann")
    etag = (await api.http.get(VENUE)).headers["etag"]
    definition = plain_venue(50)
    first = msgspec.structs.replace(definition.slots[0], valid_from="2027-03-02")
    moved = msgspec.structs.replace(definition, slots=[first, *definition.slots[1:]])
    answer = await api.http.put(
        VENUE,
        content=msgspec.json.encode(moved),
        headers={**MANAGER, "content-type": "application/json", "if-match": etag},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "SECTION_IN_USE")
    assert answer.json()["slotIds"] == [CHANNEL.slot]
