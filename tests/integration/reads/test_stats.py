"""Seats and money, on a real database."""

from __future__ import annotations

from typing import Any

from tests.integration.reads.house import DATE, NEXT, House, restaurant

Json = dict[str, Any]


async def stats(house: House, **query: Any) -> Json:
    found = await house.read("/stats", **query)
    parts = ("bookedSeats", "heldSeats", "blockedSeats", "availableSeats")
    assert found["totalSeats"] == sum(found[part] for part in parts)
    for name in ("total", "booked", "held", "blocked", "available", "revenue"):
        whole = found["revenue" if name == "revenue" else f"{name}Seats"]
        assert whole == sum(part[name] for part in found["categoryBreakdown"].values())
    return found


async def test_a_night_in_figures(house: House) -> None:
    await house.book("t", "b")
    await house.hold("p", quantities={"p": 2})
    await house.post("/blocks", {"date": DATE, "slotId": "early", "sectionIds": ["a"]})
    found = await stats(house, date=DATE, slotId="early")
    assert found["totalSeats"] == 12
    assert (found["bookedSeats"], found["heldSeats"], found["blockedSeats"]) == (5, 2, 1)
    assert (found["availableSeats"], found["revenue"], found["currency"]) == (4, 3000, "GBP")
    gold = found["categoryBreakdown"]["gold"]
    assert (gold["total"], gold["booked"], gold["revenue"]) == (5, 5, 3000)
    assert found["days"] == []
    house.ahead = 600
    later = await stats(house, date=DATE, slotId="early")
    assert (later["heldSeats"], later["availableSeats"]) == (0, 6)


async def test_money_follows_what_becomes_of_a_booking(house: House) -> None:
    async def revenue(date: str = DATE) -> int:
        found = await stats(house, date=date)
        assert isinstance(found["revenue"], int)
        return found["revenue"]

    first, second, third = [await house.book(section) for section in ("a", "b", "t1")]
    paid = await house.book("p", payment={"method": "cash"})
    assert await revenue() == 2000 + 1000 + 500 + 100
    await house.post(f"/bookings/{second['bookingId']}/cancel", {})
    assert await revenue() == 2600
    moved = {"date": NEXT, "slotId": "early", "sectionIds": ["t1"]}
    await house.post(f"/bookings/{third['bookingId']}/reschedule", moved)
    assert (await revenue(), await revenue(NEXT)) == (2100, 500)
    for booking, status, left in (
        (first, "checked_in", 2100),
        (first, "completed", 2100),
        (paid, "no_show", 2100),
        (first, "no_show", 100),
    ):
        await house.sql(
            "update holdfast.records set status = $2 where id = $1", booking["bookingId"], status
        )
        assert await revenue() == left, status


async def test_a_range_adds_up_and_lists_its_days(house: House) -> None:
    await house.book("a")
    await house.book("a", slotId="late")
    await house.book("b", date=NEXT)
    found = await stats(house, **{"from": "2027-02-28", "to": NEXT})
    days = {day["date"]: day for day in found["days"]}
    assert list(days) == ["2027-02-28", DATE, NEXT]
    assert [day["totalSeats"] for day in days.values()] == [24, 24, 12]
    assert [day["revenue"] for day in days.values()] == [0, 4000, 1000]
    assert [day["bookedSeats"] for day in days.values()] == [0, 2, 1]
    assert (found["totalSeats"], found["revenue"]) == (60, 5000)
    early = await stats(house, slotId="early", **{"from": DATE, "to": NEXT})
    assert (early["totalSeats"], early["revenue"], early["bookedSeats"]) == (24, 3000, 2)


async def test_a_closed_night_counts_what_is_still_taken(house: House) -> None:
    await house.book("a", slotId="late")
    closed = restaurant()
    closed.slots[1].exceptions[0].date = DATE
    await house.define(closed)
    found = await stats(house, date=DATE, slotId="late")
    assert (found["totalSeats"], found["bookedSeats"], found["availableSeats"]) == (1, 1, 0)
    assert found["revenue"] == 2000


async def test_money_outlives_records_and_is_told_by_currency(house: House) -> None:
    no_claims = (
        "delete from holdfast.claims c using holdfast.heads h"
        " where h.head = c.head and h.venue = $1"
    )
    await house.book("a")
    await house.sql(no_claims, house.venue)  # else the currency could not change
    await house.define(restaurant(currency="EUR"))
    await house.book("b")
    await house.sql(no_claims, house.venue)
    await house.sql("delete from holdfast.records where venue = $1", house.venue)
    assert (await house.read("/bookings", q="doe"))["items"] == []
    found = await stats(house, date=DATE)
    assert (found["revenue"], found["currency"]) == (1000, "EUR")
    assert found["otherRevenue"] == {"GBP": 2000}


async def test_a_whole_year_is_answered(house: House) -> None:
    found = await stats(house, **{"from": "2028-01-01", "to": "2028-12-31"})
    assert len(found["days"]) == 366
