"""Who changed what, on a real database."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.reads.house import DATE, NEXT, House, customer, restaurant
from tests.support.services import bearer

from command_api.store import audit

Json = dict[str, Any]


async def trail(house: House, **query: Any) -> list[Json]:
    page = await house.read("/audit", **query)
    items: list[Json] = page["items"]
    return items


async def everything(house: House, **query: Any) -> tuple[list[Json], int]:
    """All pages, and how many there were."""
    items: list[Json] = []
    token, pages = None, 0
    while token or not pages:
        page = await house.read("/audit", **query, **({"pageToken": token} if token else {}))
        items += page["items"]
        token, pages = page["nextPageToken"], pages + 1
    return items, pages


async def test_a_booking_leaves_who_did_what_and_how_it_was_before(house: House) -> None:
    booking = await house.book("a")
    await house.post(f"/bookings/{booking['bookingId']}/cancel", {}, bearer("manager", "backroom"))
    items = await trail(house)
    assert [(item["type"], item["previousState"], item["newState"]) for item in items] == [
        ("booking.cancelled", None, "cancelled"),
        ("availability.updated", "confirmed", "available"),
        ("booking.confirmed", None, "confirmed"),
        ("availability.updated", "available", "confirmed"),
    ]
    assert [item["actor"]["type"] for item in items] == ["manager", "manager", "staff", "staff"]
    assert items[-1]["actor"] == {"type": "staff", "id": "sam", "name": "Sam"}
    assert {item["objectId"] for item in items} == {booking["bookingId"]}
    assert (items[0]["sectionIds"], items[1]["sectionId"]) == (["a"], "a")
    assert items[1]["reason"] == "booking_cancelled"


async def test_the_trail_has_no_personal_data(house: House) -> None:
    await house.book(
        "a", name="Joanna Doe", email="jo@example.org", notes="allergic", phone="+4412"
    )
    answer = await house.get("/audit")
    for secret in ("Joanna", "jo@example.org", "allergic", "4412"):
        assert secret not in answer.text


async def test_filters_pick_among_the_changes(house: House) -> None:
    mine = await house.hold("a", by=customer("ann"))
    other = await house.book("b", slotId="late", by=bearer("manager", "backroom", sub="mia"))
    await house.book("a", "b", date=NEXT)

    async def objects(**query: Any) -> set[str]:
        return {item["objectId"] for item in await trail(house, **query)}

    assert await objects(actorId="ann") == {mine["holdId"]}
    assert await objects(objectId=other["bookingId"]) == {other["bookingId"]}
    assert len(await objects(sectionId="b")) == 2
    assert await objects(type="hold.created") == {mine["holdId"]}
    assert await objects(date=DATE) == {mine["holdId"], other["bookingId"]}
    assert await objects(date=DATE, slotId="late") == {other["bookingId"]}
    assert await objects(slotId="late") == {other["bookingId"]}
    assert await objects(date=DATE, sectionId="b", type="booking.confirmed") == {other["bookingId"]}
    assert await objects(actorId="nobody") == set()
    assert await objects(to="2001-01-01") == set()
    assert await objects(**{"from": "2999-01-01T00:00:00Z"}) == set()
    when = (await trail(house, actorId="ann"))[0]["occurredAt"]
    assert mine["holdId"] in await objects(**{"from": when})
    assert mine["holdId"] not in await objects(to=when)
    assert mine["holdId"] in await objects(**{"from": when[:10], "to": when[:10]})


@pytest.mark.parametrize("where", [{}, {"date": DATE}, {"date": DATE, "slotId": "early"}])
async def test_pages_have_every_change_once_while_others_come(house: House, where: Json) -> None:
    for section in ("a", "b", "t1", "t2"):
        await house.book(section)
    before, _ = await everything(house, **where, limit=200)
    page = await house.read("/audit", **where, limit=3)
    seen = page["items"]
    await house.book("p")
    while page["nextPageToken"]:
        page = await house.read("/audit", **where, limit=3, pageToken=page["nextPageToken"])
        seen += page["items"]
    assert seen == before
    assert len(seen) == 4 * 2 + 2  # the table of the two seats changes with each


async def test_a_page_looks_at_a_bounded_stretch(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await house.hold("a", by=customer("ann"))
    for section in ("b", "t1", "t2", "t3"):
        await house.book(section)
    monkeypatch.setattr(audit, "SCAN", 4)
    page = await house.read("/audit", actorId="ann")
    assert (page["items"], page["nextPageToken"] is None) == ([], False)
    for where in ({}, {"date": DATE}, {"date": DATE, "slotId": "early"}):
        items, pages = await everything(house, actorId="ann", **where)
        assert {item["objectId"] for item in items} == {first["holdId"]}
        assert pages > 2


async def test_a_new_layout_is_in_the_trail_of_each_channel(house: House) -> None:
    await house.book("a")
    await house.define(restaurant(sections=restaurant().sections[:-1]))
    newest = (await trail(house))[0]
    assert (newest["type"], newest["reason"]) == ("layout.updated", "layout_updated")
    assert newest["channel"] == f"availability:backroom:{house.venue}:{DATE}:early"
