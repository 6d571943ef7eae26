"""Lists and counts over HTTP: what they refuse, whom they answer, and how pages fill."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import KEY, NOW, Floor
from tests.unit.http.stub import Desk, bearer, code_of

from command_api.domain.times import later
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Policy, Section

DATE, NEXT = "2026-02-15", "2026-02-16"
LONG = "9" * 5000


def hall() -> Floor:
    """A hundred loose seats in a row of ten by ten, and a table with a seat on each side of it."""
    seats = [
        Section(
            section_id=f"s{n}",
            kind=SectionKind.SEAT,
            x=n % 10 * 10,
            y=n // 10 * 10,
            width=8,
            height=8,
        )
        for n in range(100)
    ]
    table = Section(section_id="t", kind=SectionKind.TABLE, x=500, y=500, width=20, height=20)
    chairs = [
        Section(section_id=f"t{n}", kind=SectionKind.SEAT, parent_id="t", x=x, y=500)
        for n, x in enumerate((400, 600))
    ]
    return Floor(sections=[*seats, table, *chairs])


BAD = {
    "/bookings": [
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 101}, "q"),
        ({"date": "2027-02-30"}, "date"),
        ({"from": NEXT, "to": DATE}, "to"),
        ({"date": DATE, "from": DATE}, "date"),
        ({"status": "held"}, "status"),
        ({"slotId": "a b"}, "slotId"),
        ({"limit": "0001000000"}, "limit"),
        ({"limit": LONG}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"pageToken": "bm9uc2Vuc2U="}, "pageToken"),
        ({"pageToken": "AAAA"}, "pageToken"),
        ({"pageToken": "é"}, "pageToken"),
        ({"pageToken": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LmE="}, "pageToken"),
    ],
    "/holds": [({"mine": "", "pageToken": "bm9uc2Vuc2U="}, "pageToken")],
    "/calendar": [
        ({}, "from"),
        ({"from": "2027-02-30"}, "from"),
        ({"from": DATE, "days": "0"}, "days"),
        ({"from": DATE, "days": "93"}, "days"),
        ({"from": DATE, "days": "1e1"}, "days"),
        ({"from": DATE, "days": "٣"}, "days"),
        ({"from": DATE, "days": LONG}, "days"),
        ({"from": DATE, "partySize": "0"}, "partySize"),
        ({"from": DATE, "partySize": "-1"}, "partySize"),
    ],
    "/stats": [
        ({}, "date"),
        ({"slotId": "late"}, "date"),
        ({"from": DATE}, "to"),
        ({"to": DATE}, "from"),
        ({"from": NEXT, "to": DATE}, "to"),
        ({"from": "2027-01-01", "to": "2028-01-02"}, "to"),
        ({"date": "0000-01-01"}, "date"),
    ],
    "/audit": [
        ({"from": "yesterday"}, "from"),
        ({"from": "2027-01-01T00:00:00"}, "from"),
        ({"from": "2027-01-01T25:00:00Z"}, "from"),
        ({"from": NEXT, "to": DATE}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"type": "customer.updated"}, "type"),
        ({"sectionId": "a'b"}, "sectionId"),
        ({"actorId": "\0"}, "actorId"),
        ({"pageToken": "MS5oMQ=="}, "pageToken"),
        ({"limit": "201"}, "limit"),
    ],
}


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [(path, query, wrong) for path, cases in BAD.items() for query, wrong in cases],
)
async def test_what_makes_no_sense_is_refused_by_name(
    desk: Desk, path: str, query: dict[str, Any], wrong: str
) -> None:
    answer = await desk.ask(path, query, "staff")
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["path"] == wrong


@pytest.mark.parametrize("path", ["/stats", "/audit"])
@pytest.mark.parametrize("role", ["customer", "kiosk"])
async def test_figures_and_trail_are_for_staff_alone(desk: Desk, path: str, role: str) -> None:
    answer = await desk.ask(path, {"date": DATE}, role)
    assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")


@pytest.mark.parametrize("path", ["/stats", "/audit", "/bookings", "/calendar?from=2026-02-15"])
async def test_nobody_reads_of_a_club_that_is_not_theirs(desk: Desk, path: str) -> None:
    answer = await desk.get(path, authorization=bearer("staff", "elsewhere"))
    assert code_of(answer) == (404, "CLUB_NOT_FOUND")


async def test_unknown_venues_and_slots_are_not_found(desk: Desk) -> None:
    nowhere = "/v1/clubs/backroom/venues/nowhere"
    for path in (
        "/stats?date=2026-02-15",
        "/audit",
        "/bookings",
        "/holds?mine",
        f"/calendar?from={DATE}",
    ):
        assert code_of(await desk.get(nowhere + path, "staff")) == (404, "VENUE_NOT_FOUND")
    answer = await desk.get(f"/stats?date={DATE}&slotId=nowhere", "staff")
    assert code_of(answer) == (404, "SLOT_NOT_FOUND")
    assert code_of(await desk.get("/v1/clubs/nowhere/me", "customer")) == (404, "CLUB_NOT_FOUND")


async def test_a_calendar_is_public_where_the_venue_is(desk: Desk) -> None:
    seen = (await desk.get(f"/calendar?from={DATE}&days=1")).json()["items"]
    assert [(night["slotId"], night["total"], night["free"]) for night in seen] == [
        ("late", 23, 23)
    ]
    desk.policy(Policy(public_read=False))
    assert code_of(await desk.get(f"/calendar?from={DATE}")) == (401, "UNAUTHENTICATED")
    assert (await desk.get(f"/calendar?from={DATE}", "customer")).status_code == 200


async def test_a_customer_searches_among_their_own(desk: Desk) -> None:
    for role, whose in (("customer", "ann"), ("staff", None), ("kiosk", None)):
        assert (await desk.get("/bookings?q=x", role)).status_code == 200
        assert desk.reads.bookings.asked[-1].customer_id == whose


async def test_a_page_of_holds_is_filled_past_those_that_have_ended(desk: Desk) -> None:
    floor = Floor(Policy(max_hold_seconds=86_400, max_ttl_seconds=86_400))
    for number in range(1, 7):
        floor.hold(f"a{number}", ttl_seconds=60 if number % 2 else 600)
    desk.reads.records.update(floor.state.records)
    desk.now = later(NOW, 61)
    first = (await desk.get("/holds?mine&limit=2", "customer")).json()
    assert [hold["holdId"] for hold in first["items"]] == ["h6", "h4"]
    token = first["nextPageToken"]
    rest = (await desk.get(f"/holds?mine&limit=2&pageToken={token}", "customer")).json()
    assert [hold["holdId"] for hold in rest["items"]] == ["h2"]
    assert rest["nextPageToken"] is None


async def test_a_request_past_its_time_is_listed_as_expired_only(desk: Desk) -> None:
    floor = Floor(Policy(requires_approval=True, approval_ttl_seconds=60))
    booking = floor.confirm(floor.hold("s1").hold_id)
    desk.reads.records.update(floor.state.records)
    desk.now = later(NOW, 61)
    for status, found in (("expired", [booking.booking_id]), ("pending_approval", [])):
        page = (await desk.get(f"/bookings?status={status}", "staff")).json()
        assert [item["bookingId"] for item in page["items"]] == found
    assert desk.reads.bookings.asked[0].statuses == ("expired", "pending_approval")


async def test_a_viewport_asks_for_what_it_shows_and_the_seats_of_its_tables(desk: Desk) -> None:
    floor = hall()
    floor.hold("s0", "t0", "t1")
    desk.reads.venues_["backroom", "leeds"] = floor.venue
    desk.reads.channels[KEY] = floor.state
    where = f"date={DATE}&slotId=late"
    seen = (await desk.get(f"/layout?{where}&x=0&y=0&width=15&height=5")).json()
    assert seen["counts"] == {"held": 1, "available": 1}
    assert (await desk.get(f"/layout?{where}&x=490&y=490&width=20&height=20")).json()["counts"] == {
        "held": 1
    }
    assert (await desk.get(f"/layout?{where}&x=-9&y=-9&width=1&height=1")).json()["sections"] == []
    assert desk.reads.occupancy.asked == [["s0", "s1"], ["t0", "t1"], []]
