from __future__ import annotations

import gzip
import json

import msgspec
import pytest
from tests.unit.domain.build import KEY, Floor, definition
from tests.unit.http.stub import Desk, code_of

from holdfast.contracts.cursor import Cursor
from holdfast.contracts.venues import Section

AVAILABILITY = "/availability?date=2026-02-15&slotId=late"
MADE = msgspec.json.encode(definition())
NEW = "/v1/clubs/backroom/venues/york"


async def test_a_venue_is_created_read_and_changed_by_its_revision(desk: Desk) -> None:
    made = await desk.request("PUT", NEW, MADE, "manager")
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.headers["location"] == NEW
    read = await desk.get(NEW)
    assert read.json() == made.json()
    assert read.headers["etag"] == '"1"'
    changed = await desk.request("PUT", NEW, MADE, "admin", if_match='"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')


async def test_a_change_needs_to_know_what_it_changes(desk: Desk) -> None:
    assert code_of(await desk.request("PUT", "", MADE, "manager")) == (428, "PRECONDITION_REQUIRED")
    answer = await desk.request("PUT", "", MADE, "manager", if_match='W/"9"')
    assert code_of(answer) == (412, "VERSION_MISMATCH")
    assert answer.json()["version"] == 1
    answer = await desk.request("PUT", "", MADE, "manager", if_match="*")
    assert code_of(answer) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize("role", ["customer", "staff", "kiosk", "service"])
async def test_only_managers_define(desk: Desk, role: str) -> None:
    answer = await desk.request("PUT", "", MADE, role, if_match='"1"')
    assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")


async def test_all_that_is_wrong_is_told_at_once(desk: Desk) -> None:
    wrong = {
        "timezone": "Mars/Olympus",
        "slots": [{"slotId": "a", "start": "20:00", "end": "21:00"}],
        "sections": [{"sectionId": "s1", "categoryId": "gold"}],
    }
    answer = await desk.request("PUT", NEW, wrong, "manager")
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert [error["path"] for error in answer.json()["errors"]] == ["timezone", "sections.s1"]


async def test_a_club_that_is_not_there(desk: Desk) -> None:
    answer = await desk.request("PUT", "/v1/clubs/nowhere/venues/leeds", MADE, "admin")
    assert code_of(answer) == (404, "CLUB_NOT_FOUND")


async def test_nothing_new_is_a_304(desk: Desk) -> None:
    etag = (await desk.get("")).headers["etag"]
    for given in (etag, f'"0", W/{etag}', "*"):
        answer = await desk.get("", if_none_match=given)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert "content-length" not in answer.headers


async def test_large_answers_are_compressed_for_those_who_can(desk: Desk) -> None:
    headers = {"accept-encoding": "gzip"}
    async with desk.http.stream("GET", "/v1/clubs/backroom/venues/leeds", headers=headers) as got:
        raw = b"".join([part async for part in got.aiter_raw()])
    assert got.headers["content-encoding"] == "gzip"
    plain = await desk.get("", accept_encoding="identity")
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers


async def test_a_layout_may_be_kept_for_ever(desk: Desk) -> None:
    answer = await desk.get("/layouts/1")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(answer.json()["sections"]) == len(definition().sections)
    assert (await desk.get("/layouts/1", if_none_match='"1"')).status_code == 304
    for other in ("2", "x", "-1", "9" * 30):
        assert code_of(await desk.get(f"/layouts/{other}")) == (404, "LAYOUT_NOT_FOUND")


async def test_everybody_reads_states_and_staff_read_claims(desk: Desk) -> None:
    floor = Floor()
    floor.hold("s1")
    floor.confirm(floor.hold("s2").hold_id)
    desk.reads.channels[KEY] = floor.state
    public = (await desk.get(AVAILABILITY)).json()
    assert (public["version"], public["cursor"], public["epoch"]) == (3, "abcd-7", "abcd")
    states = {section["sectionId"]: section for section in public["sections"]}
    assert (states["s1"]["state"], states["s2"]["state"]) == ("held", "unavailable")
    assert "claims" not in states["s1"]
    staff = (await desk.get(AVAILABILITY, "staff")).json()
    states = {section["sectionId"]: section for section in staff["sections"]}
    assert states["s2"]["state"] == "confirmed"
    assert states["s1"]["claims"][0]["customerId"] == "ann"
    assert '"ann"' not in json.dumps(public)


async def test_an_etag_tells_who_reads_and_when_it_changes(desk: Desk) -> None:
    public = await desk.get(AVAILABILITY)
    assert public.headers["etag"] == 'W/"abcd-0-1-p"'
    assert (await desk.get(AVAILABILITY, "staff")).headers["etag"] == 'W/"abcd-0-1-s"'
    again = await desk.get(AVAILABILITY, if_none_match=public.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert "Authorization" in again.headers["vary"]
    floor = Floor()
    floor.hold("s1")
    desk.reads.channels[KEY] = floor.state
    assert (await desk.get(AVAILABILITY, if_none_match=public.headers["etag"])).status_code == 200
    desk.reads.position = Cursor("efgh", 7)
    assert (await desk.get(AVAILABILITY)).headers["etag"] == 'W/"efgh-1-1-p"'


async def test_before_anything_was_published_there_is_no_cursor(desk: Desk) -> None:
    desk.reads.position = None
    answer = (await desk.get(AVAILABILITY)).json()
    assert (answer["cursor"], answer["epoch"]) == (None, "none")


@pytest.mark.parametrize("query", ["date=2026-02-15&slotId=brunch", "date=0001-01-01&slotId=late"])
@pytest.mark.parametrize("path", ["/availability", "/layout"])
async def test_slots_that_are_not_there(desk: Desk, path: str, query: str) -> None:
    assert code_of(await desk.get(f"{path}?{query}")) == (404, "SLOT_NOT_FOUND")


async def test_a_viewport_shows_and_counts_what_is_in_it(desk: Desk) -> None:
    sections = [Section(section_id=f"s{n}", x=n * 10, y=0, width=8, height=8) for n in range(10)]
    floor = Floor(sections=sections)
    floor.hold("s3")
    floor.block("s4")
    desk.reads.venues_["backroom", "leeds"] = floor.venue
    desk.reads.channels[KEY] = floor.state
    where = "date=2026-02-15&slotId=late&x=25&y=0&width=20&height=5"
    seen = (await desk.get(f"/layout?{where}")).json()
    assert [item["section"]["sectionId"] for item in seen["sections"]] == ["s2", "s3", "s4"]
    assert seen["counts"] == {"available": 1, "held": 1, "unavailable": 1}
    staff = (await desk.get(f"/layout?{where}", "staff")).json()
    assert staff["counts"] == {"available": 1, "held": 1, "blocked": 1}
    everything = (await desk.get("/layout?date=2026-02-15&slotId=late")).json()
    assert len(everything["sections"]) == 10


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("x=1&y=1&width=1", "height"),
        ("x=1&y=nan&width=1&height=1", "y"),
        ("x=1e99&y=1&width=1&height=1", "x"),
        ("x=1&y=1&width=-1&height=1", "width"),
        ("x=a&y=1&width=1&height=1", "x"),
        ("x=1_0&y=1&width=1&height=1", "x"),
        ("x=1&y=1&width=%D9%A3&height=1", "width"),
    ],
)
async def test_viewports_that_make_no_sense(desk: Desk, where: str, path: str) -> None:
    answer = await desk.get(f"/layout?date=2026-02-15&slotId=late&{where}")
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["path"] == path


async def test_clubs_and_venues_are_listed_in_pages(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        made = await desk.request("PUT", f"/v1/clubs/{name}", {"name": name}, "admin")
        assert made.status_code == 201
    assert (await desk.request("PUT", "/v1/clubs/a", {"name": "A"}, "admin")).status_code == 200
    first = (await desk.get("/v1/clubs?limit=3", "admin")).json()
    assert [club["clubId"] for club in first["items"]] == ["a", "b", "backroom"]
    last = await desk.get(f"/v1/clubs?limit=3&pageToken={first['nextPageToken']}", "admin")
    assert [club["clubId"] for club in last.json()["items"]] == ["c"]
    assert last.json()["nextPageToken"] is None
    venues = (await desk.get("/v1/clubs/backroom/venues", "staff")).json()
    assert [venue["venueId"] for venue in venues["items"]] == ["leeds"]
    answer = await desk.get("/v1/clubs/nowhere/venues", "admin")
    assert code_of(answer) == (404, "CLUB_NOT_FOUND")
    answer = await desk.request("PUT", "/v1/clubs/a.b", {}, "admin")
    assert code_of(answer) == (400, "VALIDATION_FAILED")
