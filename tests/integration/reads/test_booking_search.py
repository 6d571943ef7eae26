"""Bookings as staff look for them, on a real database."""

from __future__ import annotations

from typing import Any

from tests.integration.reads.house import DATE, NEXT, STAFF, House, customer

from command_api.store.pool import tenant


async def ids(house: House, **query: Any) -> list[str]:
    page = await house.read("/bookings", **query)
    return [item["bookingId"] for item in page["items"]]


async def test_a_booking_is_found_by_what_its_guest_says(house: House) -> None:
    jose = await house.book(
        "a", name="José  O'Brien-Smith", phone="+44 7700 900123", email="Jo@Example.org"
    )
    other = await house.book("b", name="Joan Smithers", phone="0113 496 0999")
    found = {
        "jose": [jose],
        "JOSÉ": [jose],
        "smith": [other, jose],
        "smi jo": [other, jose],
        "smith bri": [jose],
        "jo@example": [jose],
        "0123": [jose],
        "900 123": [jose],
        "999": [other],
        "99": [],
        "mith": [],
        "jose joan": [],
        "***": [],
        jose["reference"].lower(): [jose],
        f"{jose['reference'][:4]}-{jose['reference'][4:]}": [jose],
        jose["reference"][:5]: [],
        "' or true --": [],
    }
    for q, bookings in found.items():
        assert await ids(house, q=q) == [booking["bookingId"] for booking in bookings], q


async def test_filters_of_dates_slots_and_states_go_with_every_search(house: House) -> None:
    first = await house.book("a", name="Ann Lee")
    late = await house.book("a", name="Ann Day", slotId="late")
    next_day = await house.book("b", name="Bob Lee", date=NEXT)
    await house.post(f"/bookings/{late['bookingId']}/cancel", {})
    one, two, three = (booking["bookingId"] for booking in (first, late, next_day))
    assert await ids(house) == [three, two, one]
    assert await ids(house, date=DATE) == [two, one]
    assert await ids(house, **{"from": NEXT}) == [three]
    assert await ids(house, to=DATE, slotId="early") == [one]
    assert await ids(house, status="cancelled") == [two]
    assert await ids(house, status="cancelled,confirmed", q="ann") == [two, one]
    assert await ids(house, q="lee", date=NEXT) == [three]
    assert await ids(house, slotId="nowhere") == []


async def test_customers_find_their_own_only(house: House) -> None:
    mine = await house.book("a", name="Ann", by=customer("ann"))
    await house.book("b", name="Ann", by=customer("another-ann"))
    page = await house.read("/bookings", customer("ann"), q="ann")
    assert [item["bookingId"] for item in page["items"]] == [mine["bookingId"]]
    assert (await house.read("/bookings", customer("bob")))["items"] == []


async def test_pages_stay_as_they_are_while_bookings_come_in(house: House) -> None:
    made = [await house.book(f"t{n}") for n in range(1, 5)]
    before = [booking["bookingId"] for booking in reversed(made)]
    searches: list[dict[str, Any]] = [{}, {"q": "doe"}]
    for q in searches:
        first = await house.read("/bookings", limit=2, **q)
        await house.book("p")
        rest = await house.read("/bookings", limit=2, pageToken=first["nextPageToken"], **q)
        seen = [item["bookingId"] for item in first["items"] + rest["items"]]
        assert seen == before
        before = [*await ids(house, limit=1), *before][:4]


async def test_a_changed_contact_is_found_by_the_new_one_only(house: House) -> None:
    booking = await house.book("a", name="Ann Lee")
    path = f"{house.path}/bookings/{booking['bookingId']}"
    headers = {**STAFF, "if-match": f'"{booking["revision"]}"'}
    changed = await house.http.patch(path, json={"contact": {"name": "Eve Lee"}}, headers=headers)
    assert changed.status_code == 200, changed.text
    assert await ids(house, q="ann") == []
    assert await ids(house, q="eve") == [booking["bookingId"]]


async def test_control_characters_in_a_name_are_kept_and_searched_around(house: House) -> None:
    booking = await house.book("a", name="An\x01na")
    assert booking["contact"]["name"] == "An\x01na"
    assert await ids(house, q="na") == [booking["bookingId"]]


async def test_a_venue_that_is_not_there_has_no_list(house: House) -> None:
    answer = await house.get("/v1/clubs/backroom/venues/nowhere/bookings")
    assert (answer.status_code, answer.json()["code"]) == (404, "VENUE_NOT_FOUND")


async def test_what_is_erased_is_found_no_more(house: House) -> None:
    by = customer("ann")
    booking = await house.book("a", name="Ann Lee", phone="0113 496 0777", by=by)
    path = "/v1/clubs/backroom/customers/ann/personal-data"
    erased = await house.http.delete(path, headers=by)
    assert erased.status_code == 200, erased.text
    for q in ("ann", "777"):
        assert await ids(house, q=q) == []
    assert await ids(house, q=booking["reference"]) == [booking["bookingId"]]


async def test_no_tenant_sees_anothers_words_or_money(house: House) -> None:
    await house.book("a", name="Ann Lee")
    for club, seen in (("backroom", True), ("elsewhere", False)):
        async with tenant(house.pool, [club]) as connection:
            for table in ("booking_terms", "takings"):
                found = await connection.fetchval(f"select exists (select from holdfast.{table})")  # noqa: S608
                assert found is seen
