"""Rescheduling and series on real servers: replicas that race, slots that overlap, many dates at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from typing import Any

import asyncpg
import httpx
import msgspec
from tests.support.client import Api, World
from tests.support.commands import plain_venue
from tests.support.invariants import check_venue
from tests.support.services import bearer

from holdfast.contracts.venues import Policy, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
STAFF = bearer("staff", "backroom", sub="sam")
ANN, BOB = bearer("customer", sub="ann"), bearer("customer", sub="bob")
CONTACT = {"name": "Ann Lee", "email": "ann@example.com"}
FIRST, SECOND = "2027-03-01", "2027-03-08"
EARLY, LATE, DINNER = "early", "late", "dinner"


def overlapping_venue(tables: int, **policy: Any) -> VenueDefinition:
    """`late` overlaps `early` and `dinner`, which do not overlap each other."""
    return msgspec.structs.replace(
        plain_venue(tables, Policy(**policy)),
        slots=[
            Slot(slot_id=EARLY, start="19:00", end="22:00"),
            Slot(slot_id=LATE, start="21:00", end="24:00"),
            Slot(slot_id=DINNER, start="23:00", end="26:00"),
        ],
    )


async def define(api: Api, tables: int = 5, **policy: Any) -> None:
    etag = (await api.http.get(VENUE)).headers["etag"]
    await api.put_venue(overlapping_venue(tables, **policy), etag)


async def booked(
    api: Api, *sections: str, by: dict[str, str] = ANN, date: str = FIRST, slot: str = EARLY
) -> dict[str, Any]:
    body = {"date": date, "slotId": slot, "sectionIds": list(sections), "contact": CONTACT}
    answer = await api.post("/bookings", body, by=by)
    assert answer.status_code == 201, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


async def move(
    api: Api,
    booking: dict[str, Any],
    *sections: str,
    by: dict[str, str] = ANN,
    date: str = FIRST,
    slot: str = EARLY,
    key: str = "",
) -> httpx.Response:
    body: dict[str, Any] = {"date": date, "slotId": slot}
    if sections:
        body["sectionIds"] = list(sections)
    return await api.post(f"/bookings/{booking['bookingId']}/reschedule", body, by=by, key=key)


async def test_a_booking_that_moved_is_found_where_it_is_by_every_replica(
    world: World, api: Api
) -> None:
    await define(api)
    second = await world.services.command_api()
    booking = await booked(api, "t0", "t1")
    async with Api(second.url) as other:
        moved = await move(other, booking, date=SECOND, slot=LATE)
        assert moved.status_code == 200, moved.text
        body = moved.json()
        assert body["channel"] == f"availability:backroom:leeds:{SECOND}:{LATE}"
        assert (body["startsAt"], body["revision"]) == ("2027-03-08T21:00:00.000Z", 2)
        # This replica made it and remembers where it was.
        again = await move(api, booking, date=SECOND, slot=LATE)
        assert again.json() | {"serverTime": ""} == body | {"serverTime": ""}
        back = await move(api, booking, "t1", date=FIRST, slot=DINNER, key="back")
        assert back.status_code == 200, back.text
        cancelled = await other.post(f"/bookings/{booking['bookingId']}/cancel", by=ANN)
        assert cancelled.json()["status"] == "cancelled"
        replayed = await move(other, booking, "t1", date=FIRST, slot=DINNER, key="back")
        assert replayed.json() == back.json()
        late = await move(other, booking, date=SECOND)
        assert (late.status_code, late.json()["code"]) == (409, "INVALID_TRANSITION")
    await check_venue(world.database, "backroom", "leeds")


async def test_two_who_swap_at_once_lose_nothing_and_wait_for_nobody(
    world: World, api: Api
) -> None:
    await define(api)
    second = await world.services.command_api()
    ann = await booked(api, "t0", date=FIRST)
    bob = await booked(api, "t0", by=BOB, date=SECOND)
    async with Api(second.url) as other:
        for turn in range(10):
            one, two = (api, other) if turn % 2 else (other, api)
            answers = await asyncio.gather(
                move(one, ann, date=SECOND), move(two, bob, by=BOB, date=FIRST)
            )
            assert [answer.status_code for answer in answers] == [409, 409]
            assert {answer.json()["code"] for answer in answers} == {"SECTION_NOT_AVAILABLE"}
            # With a place to go to meanwhile it works, whoever comes first.
            answers = await asyncio.gather(
                move(one, ann, "t1", date=SECOND), move(two, bob, "t1", by=BOB, date=FIRST)
            )
            assert [answer.status_code for answer in answers] == [200, 200]
            answers = await asyncio.gather(
                move(two, ann, "t0", date=FIRST), move(one, bob, "t0", by=BOB, date=SECOND)
            )
            assert [answer.status_code for answer in answers] == [200, 200]
    await check_venue(world.database, "backroom", "leeds")


async def test_many_who_move_to_one_place_have_one_winner_over_slots_and_replicas(
    world: World, api: Api
) -> None:
    await define(api, tables=12, max_tables_per_customer_per_date=2)
    second = await world.services.command_api()
    bookings = [
        await booked(api, f"t{n}", by=bearer("customer", sub=f"c{n}"), slot=(EARLY, DINNER)[n % 2])
        for n in range(10)
    ]
    async with Api(second.url) as other:
        for turn in range(4):
            table = f"t{10 + turn % 2}"
            answers = await asyncio.gather(
                *(
                    move(
                        (api, other)[n % 2 ^ turn % 2],
                        booking,
                        table,
                        by=bearer("customer", sub=f"c{n}"),
                        date=SECOND if turn < 2 else FIRST,
                        slot=LATE,
                    )
                    for n, booking in enumerate(bookings)
                )
            )
            assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 9}
    await check_venue(world.database, "backroom", "leeds")


async def test_the_guard_of_one_winner_goes_with_the_claim_from_mirror_to_its_own(
    world: World, api: Api
) -> None:
    await define(api)
    booking = await booked(api, "t0", slot=EARLY)
    for slot in (LATE, DINNER, LATE, EARLY):
        assert (await move(api, booking, slot=slot)).status_code == 200
        connection = await asyncpg.connect(world.database)
        try:
            rows = await connection.fetch("select head, exclusive from holdfast.claims")
        finally:
            await connection.close()
        assert [row["head"].endswith(f":{slot}") for row in rows] == [
            row["exclusive"] for row in rows
        ]
        assert sum(row["exclusive"] for row in rows) == 1
    await check_venue(world.database, "backroom", "leeds")


async def test_a_weekly_series_from_booking_to_the_end(world: World, api: Api) -> None:
    await define(api, max_tables_per_customer_per_date=1)
    taken = await booked(api, "t0", by=BOB, date="2027-03-15")
    rule = {
        "from": FIRST,
        "until": "2027-04-05",
        "weekdays": ["mon"],
        "except": ["2027-03-29"],
    }
    body = {"recurrence": rule, "slotId": EARLY, "sectionIds": ["t0"], "contact": CONTACT}
    refused = await api.post("/booking-series", body | {"allOrNothing": True}, by=ANN)
    assert (refused.status_code, refused.json()["code"]) == (409, "SECTION_NOT_AVAILABLE")
    refusals = {item["date"]: item["code"] for item in refused.json()["items"]}
    assert refusals == dict.fromkeys(refusals) | {"2027-03-15": "SECTION_NOT_AVAILABLE"}
    made = await api.post("/booking-series", body, by=ANN, key="series")
    assert made.status_code == 201, made.text
    result = made.json()
    assert made.headers["location"] == f"{VENUE}/booking-series/{result['seriesId']}"
    assert [(item["date"], item["code"]) for item in result["items"]] == [
        (FIRST, None),
        (SECOND, None),
        ("2027-03-15", "SECTION_NOT_AVAILABLE"),
        ("2027-03-22", None),
        ("2027-04-05", None),
    ]
    replayed = await api.post("/booking-series", body, by=ANN, key="series")
    assert replayed.headers["idempotent-replayed"] == "true"
    assert replayed.json() == result
    # Its bookings are like any other: one moves, one is cancelled.
    ids = [item["bookingId"] for item in result["items"] if item["bookingId"]]
    assert (await move(api, {"bookingId": ids[1]}, date="2027-03-09")).status_code == 200
    await api.post(f"/bookings/{ids[2]}/cancel", by=ANN)
    path = f"/booking-series/{result['seriesId']}"
    listed = (await api.http.get(VENUE + path, headers=ANN)).json()["items"]
    assert [(item["date"], item["status"]) for item in listed] == [
        (FIRST, "confirmed"),
        ("2027-03-09", "confirmed"),
        ("2027-03-22", "cancelled"),
        ("2027-04-05", "confirmed"),
    ]
    assert (await api.http.get(VENUE + path, headers=BOB)).status_code == 404
    assert (await api.post(path + "/cancel", by=BOB)).status_code == 403
    gone = await api.post("/booking-series/none/cancel", by=ANN)
    assert (gone.status_code, gone.json()["code"]) == (404, "BOOKING_NOT_FOUND")
    second = await world.services.command_api()
    async with Api(second.url) as other:
        ended, again = await asyncio.gather(
            *(
                side.post(path + "/cancel", {"reason": "moved away"}, by=ANN)
                for side in (api, other)
            )
        )
    assert ended.status_code == again.status_code == 200
    assert ended.json() == again.json()
    assert [item["code"] for item in ended.json()["items"]] == [None] * 4
    listed = (await api.http.get(VENUE + path, headers=STAFF)).json()["items"]
    assert {item["status"] for item in listed} == {"cancelled"}
    kept = await api.http.get(f"{VENUE}/bookings/{taken['bookingId']}", headers=BOB)
    assert kept.json()["status"] == "confirmed"
    await check_venue(world.database, "backroom", "leeds")


async def test_a_hundred_overlapping_evenings_are_one_outcome_on_either_replica(
    world: World, api: Api
) -> None:
    await define(api, max_tables_per_customer_per_date=2)
    second = await world.services.command_api()
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    dates = [(first + dt.timedelta(days=day)).isoformat() for day in range(100)]
    body = {"dates": dates, "slotId": LATE, "contact": CONTACT, "allOrNothing": True}
    async with Api(second.url) as other:
        answers = await asyncio.gather(
            *(
                side.post("/booking-series", body | {"sectionIds": ["t0"]}, by=by)
                for side, by in ((api, ANN), (other, BOB))
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (made,) = (answer.json() for answer in answers if answer.status_code == 201)
    (refused,) = (answer.json() for answer in answers if answer.status_code == 409)
    assert len(made["items"]) == len(refused["items"]) == 100
    assert {item["code"] for item in refused["items"]} == {"SECTION_NOT_AVAILABLE"}
    ended = await api.post(f"/booking-series/{made['seriesId']}/cancel", by=STAFF)
    assert {item["code"] for item in ended.json()["items"]} == {None}
    states = await check_venue(world.database, "backroom", "leeds")
    assert not any(state.claims for state in states.values())
    assert {state.version for state in states.values()} == {2}
