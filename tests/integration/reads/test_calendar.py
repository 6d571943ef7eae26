"""How much is free, by date and slot, on a real database."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.integration.reads.house import DATE, NEXT, STAFF, House, restaurant

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Policy, Section, Slot


async def calendar(house: House, days: int = 2, **query: Any) -> dict[tuple[str, str], Any]:
    page = await house.read("/calendar", {}, **{"from": DATE, "days": days, **query})
    return {(item["date"], item["slotId"]): item for item in page["items"]}


async def free(house: House, slot: str = "early", **query: Any) -> tuple[int, int]:
    night = (await calendar(house, 1, **query))[DATE, slot]
    return night["free"], night["total"]


async def test_nights_come_in_order_with_their_times_and_what_is_closed(house: House) -> None:
    nights = await calendar(house)
    assert list(nights) == [(DATE, "early"), (DATE, "late"), (NEXT, "early"), (NEXT, "late")]
    assert nights[DATE, "late"] == {
        "date": DATE,
        "slotId": "late",
        "startsAt": "2027-03-01T21:00:00.000Z",
        "endsAt": "2027-03-02T01:00:00.000Z",
        "closed": False,
        "total": 12,
        "free": 12,
    }
    assert (nights[NEXT, "late"]["closed"], nights[NEXT, "late"]["free"]) == (True, 0)


async def test_claims_take_units_until_they_end(house: House) -> None:
    hold = await house.hold("t", "a")
    await house.book("p", quantities={"p": 4})
    block = await house.post("/blocks", {"date": DATE, "slotId": "early", "sectionIds": ["b"]})
    assert await free(house) == (2, 12)
    assert await free(house, "late") == (12, 12)
    house.ahead = 600
    assert await free(house) == (7, 12)
    house.ahead = 0
    await house.http.delete(f"{house.path}/holds/{hold['holdId']}", headers=STAFF)
    await house.http.delete(f"{house.path}/blocks/{block['blockId']}", headers=STAFF)
    assert await free(house) == (8, 12)


async def test_a_party_counts_the_places_for_such_parties(house: House) -> None:
    places = {n: await free(house, partySize=n) for n in (1, 2, 4, 5, 9)}
    # the table of seats, table a (2 to 4), table b (to 8), the pool in groups
    assert places == {1: (8, 8), 2: (6, 6), 4: (4, 4), 5: (2, 2), 9: (0, 0)}
    await house.hold("t3", "p")
    assert await free(house, partySize=2) == (4, 6)
    assert await free(house, partySize=4) == (3, 4)


async def test_channels_are_counted_again_only_when_something_changed(house: House) -> None:
    await house.book("a")
    counted: list[Any] = []
    count = house.reads.occupancy._count

    async def watched(connection: Any, venue: Any, rows: Any, *more: Any) -> Any:
        counted.append([row["slot"] for row in rows])
        return await count(connection, venue, rows, *more)

    house.reads.occupancy._count = watched  # type: ignore[method-assign,assignment]
    assert await free(house) == (11, 12)
    assert await free(house) == (11, 12)
    await house.hold("t1", slotId="late")
    assert await free(house, "late") == (11, 12)
    house.ahead = 600
    assert await free(house, "late") == (12, 12)
    assert counted == [["early"], ["late"], ["late"]]


async def test_a_calendar_that_is_the_same_is_not_sent_again(house: House) -> None:
    query: dict[str, Any] = {"from": DATE, "days": 1}
    first = await house.get("/calendar", {}, **query)
    headers = {"if-none-match": first.headers["etag"]}
    path = f"{house.path}/calendar"
    assert (await house.http.get(path, params=query, headers=headers)).status_code == 304
    await house.hold("a")
    assert (await house.http.get(path, params=query, headers=headers)).status_code == 200


async def test_overlapping_slots_take_from_one_another_once(house: House) -> None:
    """The pool of `all` is as full as its fullest hour: who comes early has left by late."""
    slots = [
        Slot(slot_id="early", start="18:00", end="20:00"),
        Slot(slot_id="late", start="20:00", end="22:00"),
        Slot(slot_id="all", start="18:00", end="22:00"),
    ]
    pool = Section(section_id="p", kind=SectionKind.POOL, capacity=6)
    await house.define(restaurant(slots=slots, sections=[pool, Section(section_id="s")]))
    for slot, units in (("early", 4), ("late", 3)):
        await house.hold("p", "s", slotId=slot, quantities={"p": units})
    assert {slot.slot_id: await free(house, slot.slot_id) for slot in slots} == {
        "early": (2, 7),
        "late": (3, 7),
        "all": (2, 7),
    }
    snapshot = await house.read("/availability", date=DATE, slotId="all")
    left = sum(section["capacity"]["available"] for section in snapshot["sections"])
    layout = await house.read("/layout", date=DATE, slotId="all")
    assert left == sum(section["available"] for section in layout["sections"]) == 2
    stats = await house.read("/stats", date=DATE, slotId="all")
    assert (stats["heldSeats"], stats["availableSeats"]) == (5, 2)


async def test_slots_with_sections_of_their_own_count_those(house: House) -> None:
    slots = [
        Slot(slot_id="early", start="18:00", end="21:00", section_ids=["t"]),
        Slot(slot_id="late", start="21:00", end="23:00", section_ids=["t1", "p"]),
    ]
    await house.define(restaurant(slots=slots))
    await house.book("t1")
    await house.book("p", slotId="late")
    assert await free(house, "early") == (3, 4)
    assert await free(house, "late") == (6, 7)
    assert await free(house, "early", partySize=3) == (0, 1)
    assert await free(house, "late", partySize=3) == (1, 2)


async def test_what_is_over_is_closed(house: House) -> None:
    night = (date.fromisoformat(DATE) - date.today()).days * 86_400  # noqa: DTZ011
    house.ahead = night + 3 * 86_400
    nights = await calendar(house)
    assert {night["closed"] for night in nights.values()} == {True}
    assert {night["free"] for night in nights.values()} == {0}


@pytest.mark.parametrize("first", ["9999-12-31", "0001-01-01"])
async def test_no_slot_runs_at_the_ends_of_the_calendar(house: House, first: str) -> None:
    query: dict[str, Any] = {"from": first}
    assert await calendar(house, 92, **query) == {}


async def test_a_venue_that_is_not_public_shows_its_calendar_to_those_who_are_known(
    house: House,
) -> None:
    await house.define(restaurant(policy=Policy(public_read=False)))
    query: dict[str, Any] = {"from": DATE}
    assert (await house.get("/calendar", {}, **query)).status_code == 401
    assert (await house.get("/calendar", **query)).status_code == 200
