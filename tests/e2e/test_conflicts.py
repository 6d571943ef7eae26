"""Bookings made elsewhere on real services: taken in once, and their conflicts resolved."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from tests.support.client import CHANNEL, Api, World
from tests.support.services import bearer

VENUE = "/v1/clubs/backroom/venues/leeds"
SERVICE = bearer("service", "backroom", sub="sync")
MANAGER = bearer("manager", "backroom", sub="mia")
DATE = CHANNEL.date
STAFF = bearer("staff", "backroom", sub="sam")


def item(external_id: str, section: str, at: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {
        "date": CHANNEL.date,
        "slotId": CHANNEL.slot,
        "sectionIds": [section],
        "externalId": external_id,
        "createdAt": f"{at}T12:00:00.000Z",
        "contact": {"name": "Ann"},
        **more,
    }


async def add(api: Api, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await api.post("/imports", {"items": list(items)}, by=SERVICE)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["items"]
    return results


async def conflicts(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.http.get(f"{VENUE}/conflicts", params=query, headers=STAFF)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def booking(api: Api, booking_id: str) -> dict[str, Any]:
    answer = await api.http.get(f"{VENUE}/bookings/{booking_id}", headers=STAFF)
    found: dict[str, Any] = answer.json()
    return found


async def resolve(api: Api, conflict_id: str, winner_id: str | None = None) -> httpx.Response:
    body = {} if winner_id is None else {"winnerId": winner_id}
    return await api.post(f"/conflicts/{conflict_id}/resolve", body, by=MANAGER)


async def test_two_replicas_import_the_same_bookings_once(world: World, api: Api) -> None:
    sections = [section["sectionId"] for section in (await api.snapshot())["sections"]]
    items = [item(f"x{number}", section) for number, section in enumerate(sections)]
    other = await world.services.command_api()
    async with Api(other.url) as second:
        first, same = await asyncio.gather(add(api, *items), add(second, *reversed(items)))
        assert await add(second, *items) == await add(api, *items)
    made = {result["bookingId"] for result in (*first, *same) if result["code"] is None}
    assert {result["code"] for result in (*first, *same)} <= {None, "IDEMPOTENCY_IN_PROGRESS"}
    assert len(made) == len(sections)
    taken = {section["state"] for section in (await api.snapshot(headers=STAFF))["sections"]}
    assert taken == {"confirmed"}


async def test_a_conflict_from_import_to_resolution(api: Api) -> None:
    section = (await api.snapshot())["sections"][0]["sectionId"]
    hold_id = (await api.hold(section)).json()["holdId"]
    there = (await api.confirm(hold_id)).json()["bookingId"]
    (made,) = await add(api, item("x1", section, paid=True))
    assert made["conflictId"]
    assert (await booking(api, made["bookingId"]))["status"] == "conflicted"
    page = await conflicts(api, status="open", date=CHANNEL.date)
    assert [found["conflictId"] for found in page["items"]] == [made["conflictId"]]
    assert page["items"][0]["bookingIds"] == [there, made["bookingId"]]

    resolved = await resolve(api, made["conflictId"])
    assert resolved.status_code == 200, resolved.text
    assert resolved.json()["winnerId"] == made["bookingId"]
    assert resolved.json()["compensations"] == {
        there: {"refundAmount": 0, "creditAmount": 1500, "priority": False}
    }
    instead = resolved.json()["alternatives"][there]
    here = [found for found in instead if found["slotId"] == CHANNEL.slot]
    assert section not in {
        id_ for found in here if found["date"] == DATE for id_ in found["sectionIds"]
    }
    assert "other_section" in {found["kind"] for found in here}
    lost = await booking(api, there)
    assert (lost["status"], lost["compensation"]["creditAmount"]) == ("cancelled", 1500)
    claims = (await api.snapshot(headers=STAFF))["sections"][0]["claims"]
    assert [claim["claimId"] for claim in claims] == [made["bookingId"]]

    again = await resolve(api, made["conflictId"], made["bookingId"])
    assert again.json()["resolvedAt"] == resolved.json()["resolvedAt"]
    assert (await resolve(api, made["conflictId"], there)).json()["code"] == "INVALID_TRANSITION"
    assert (await conflicts(api, status="open"))["items"] == []
    assert len((await conflicts(api, status="resolved"))["items"]) == 1
    read = await api.http.get(f"{VENUE}/conflicts/{made['conflictId']}", headers=STAFF)
    assert read.json()["resolvedBy"] == "rule"


async def test_conflicts_come_in_pages_newest_first(api: Api) -> None:
    section = (await api.snapshot())["sections"][0]["sectionId"]
    await add(api, item("x0", section))
    for number in range(1, 4):
        await add(api, item(f"x{number}", section, at="2026-02-01"))
    first = await conflicts(api, limit=2)
    second = await conflicts(api, limit=2, pageToken=first["nextPageToken"])
    assert (len(first["items"]), len(second["items"])) == (2, 1)
    assert second["nextPageToken"] is None
    ids = [found["bookingIds"][-1] for found in (*first["items"], *second["items"])]
    assert len(set(ids)) == 3
    assert (await conflicts(api, date="2027-03-02"))["items"] == []


async def test_two_managers_at_once_resolve_a_conflict_once(world: World, api: Api) -> None:
    section = (await api.snapshot())["sections"][0]["sectionId"]
    (there,) = await add(api, item("x0", section))
    (made,) = await add(api, item("x1", section))
    other = await world.services.command_api()
    async with Api(other.url) as second:
        answers = await asyncio.gather(
            resolve(api, made["conflictId"], there["bookingId"]),
            resolve(second, made["conflictId"], made["bookingId"]),
        )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 409]
    statuses = [(await booking(api, result["bookingId"]))["status"] for result in (there, made)]
    assert sorted(statuses) == ["cancelled", "confirmed"]
