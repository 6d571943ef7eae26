from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import STAFF, Floor, customer
from tests.unit.http.stub import BASE, Desk, code_of

from command_api.domain.commands import (
    BlockSections,
    CancelBooking,
    ConfirmHold,
    ExtendHold,
    HoldSections,
    ReleaseHold,
    RemoveBlock,
)
from command_api.domain.decision import Rejection
from command_api.job import Reply
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code

HOLD: dict[str, Any] = {"date": "2026-02-15", "slotId": "late", "sectionIds": ["s1"]}
KEY = ChannelKey("backroom", "leeds", "2026-02-15", "late")


def stored(desk: Desk, floor: Floor) -> None:
    desk.reads.records |= floor.state.records | floor.ended


async def test_a_hold_is_made_at_a_new_address(desk: Desk) -> None:
    answer = await desk.post("/holds", HOLD | {"partySize": 2})
    (submission,) = desk.writer.submissions
    command = submission.command
    assert isinstance(command, HoldSections)
    assert command.channel == KEY
    assert command.request.party_size == 2
    assert (submission.club, submission.venue, submission.subject) == ("backroom", "leeds", "ann")
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{BASE}/holds/{command.hold_id}"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_replay_says_so_and_names_what_the_first_request_made(desk: Desk) -> None:
    desk.writer.outcomes = [Reply(b'{"holdId":"h7"}', created=True, replayed=True)]
    answer = await desk.post("/holds", HOLD)
    assert answer.status_code == 201
    assert answer.headers["idempotent-replayed"] == "true"
    assert answer.headers["location"] == f"{BASE}/holds/h7"


async def test_a_dry_run_makes_nothing(desk: Desk) -> None:
    desk.writer.outcomes = [Reply(b'{"holdId":""}', created=False, replayed=False)]
    answer = await desk.post("/holds", HOLD | {"dryRun": True})
    assert answer.status_code == 200
    assert "location" not in answer.headers


async def test_what_was_made_here_is_found_without_a_look_up(desk: Desk) -> None:
    held = (await desk.post("/holds", HOLD)).json()["holdId"]
    await desk.post(f"/holds/{held}/extend", {"ttlSeconds": 60})
    confirmed = await desk.post(f"/holds/{held}/confirm", {"contact": {"name": "Ann"}})
    booking = confirmed.json()["bookingId"]
    assert confirmed.headers["location"] == f"{BASE}/bookings/{booking}"
    await desk.post(f"/bookings/{booking}/cancel")
    assert desk.reads.looked_up == []
    extend, confirm, cancel = (s.command for s in desk.writer.submissions[1:])
    assert isinstance(extend, ExtendHold)
    assert isinstance(confirm, ConfirmHold)
    assert isinstance(cancel, CancelBooking)
    assert (extend.ttl_seconds, extend.record, extend.channel) == (60, None, KEY)
    assert confirm.request.contact is not None
    assert len(confirm.reference) == 8
    assert (cancel.booking_id, cancel.channel) == (booking, KEY)


async def test_what_was_made_elsewhere_is_looked_up(desk: Desk) -> None:
    floor = Floor()
    held = floor.hold("s1")
    stored(desk, floor)
    desk.writer.outcomes = [Reply(b'{"holdId":"h1"}', created=False, replayed=False)]
    assert (await desk.request("DELETE", "/holds/h1", by="customer")).status_code == 200
    (submission,) = desk.writer.submissions
    assert isinstance(submission.command, ReleaseHold)
    assert (submission.command.channel, submission.command.record) == (KEY, None)
    assert (submission.key, submission.hash) == (None, b"")
    assert desk.reads.looked_up == [held.hold_id]


async def test_an_ended_record_goes_along(desk: Desk) -> None:
    floor = Floor()
    floor.release(floor.hold("s1").hold_id)
    stored(desk, floor)
    await desk.request("DELETE", "/holds/h1", by="customer")
    command = desk.writer.submissions[0].command
    assert isinstance(command, ReleaseHold)
    assert command.record == floor.ended["h1"]


async def test_a_record_that_ended_behind_our_back_is_looked_up_after_all(desk: Desk) -> None:
    held = (await desk.post("/holds", HOLD)).json()["holdId"]
    floor = Floor()
    floor.release(floor.hold("s1").hold_id)
    desk.reads.records[held] = floor.ended["h1"]
    gone = Rejection(code=Code.HOLD_NOT_FOUND, detail="There is no such hold.")
    desk.writer.outcomes = [gone]
    assert (await desk.request("DELETE", f"/holds/{held}", by="customer")).status_code == 201
    first, second = (submission.command for submission in desk.writer.submissions[1:])
    assert isinstance(first, ReleaseHold)
    assert isinstance(second, ReleaseHold)
    assert (first.record, second.record) == (None, floor.ended["h1"])


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("DELETE", "/holds/h9", "HOLD_NOT_FOUND"),
        ("POST", "/holds/h9/confirm", "HOLD_NOT_FOUND"),
        ("GET", "/holds/h9", "HOLD_NOT_FOUND"),
        ("GET", "/holds/b2", "HOLD_NOT_FOUND"),
        ("GET", "/bookings/h1", "BOOKING_NOT_FOUND"),
        ("POST", "/bookings/h1/cancel", "BOOKING_NOT_FOUND"),
        ("DELETE", "/blocks/b2", "BLOCK_NOT_FOUND"),
        ("GET", "/v1/clubs/backroom/venues/york/holds/h1", "HOLD_NOT_FOUND"),
        ("DELETE", "/v1/clubs/backroom/venues/york/holds/h1", "HOLD_NOT_FOUND"),
    ],
)
async def test_records_are_found_by_their_kind_and_venue(
    desk: Desk, method: str, path: str, code: str
) -> None:
    floor = Floor()
    floor.confirm(floor.hold("s1").hold_id)
    stored(desk, floor)
    body: dict[str, str] | None = {} if method == "POST" else None
    answer = await desk.request(method, path, body, "manager", idempotency_key="k")
    assert code_of(answer) == (404, code)
    assert not desk.writer.submissions


async def test_an_empty_body_will_do_where_nothing_is_required(desk: Desk) -> None:
    held = (await desk.post("/holds", HOLD)).json()["holdId"]
    assert (await desk.post(f"/holds/{held}/extend")).status_code == 201
    assert code_of(await desk.post("/holds"))[0] in (400, 415)


async def test_blocks(desk: Desk) -> None:
    night = {"date": "2026-02-15", "slotId": "late", "reason": "private party"}
    made = await desk.post("/blocks", night, "staff")
    block = made.json()["blockId"]
    assert made.headers["location"] == f"{BASE}/blocks/{block}"
    await desk.request("DELETE", f"/blocks/{block}", by="staff")
    first, second = (submission.command for submission in desk.writer.submissions)
    assert isinstance(first, BlockSections)
    assert isinstance(second, RemoveBlock)
    assert first.request.section_ids is None
    assert second.block_id == block


async def test_a_hold_is_read_by_its_owner_and_by_staff(desk: Desk) -> None:
    floor = Floor()
    floor.hold("s1")
    floor.hold("s2", by=customer("bob"))
    floor.hold("s3", by=STAFF)
    stored(desk, floor)
    mine = await desk.get("/holds/h1", "customer")
    assert (mine.status_code, mine.json()["status"]) == (200, "active")
    assert mine.json()["serverTime"] == desk.now
    for other in ("/holds/h2", "/holds/h3"):
        assert code_of(await desk.get(other, "customer")) == (404, "HOLD_NOT_FOUND")
        assert (await desk.get(other, "staff")).status_code == 200


async def test_past_its_time_a_hold_reads_as_expired(desk: Desk) -> None:
    floor = Floor()
    held = floor.hold("s1")
    stored(desk, floor)
    desk.now = held.expires_at
    assert (await desk.get("/holds/h1", "customer")).json()["status"] == "expired"
    assert (await desk.get("/holds?mine", "customer")).json()["items"] == []
    assert (await desk.get("/v1/clubs/backroom/me", "customer")).json()["holds"] == []


async def test_a_booking_is_read_with_its_contact(desk: Desk) -> None:
    floor = Floor()
    booking = floor.confirm(floor.hold("s1").hold_id)
    stored(desk, floor)
    answer = await desk.get(f"/bookings/{booking.booking_id}", "customer")
    assert answer.json()["contact"]["email"] == "ann@example.org"
    assert answer.headers["etag"] == '"1"'
    other = await desk.get("/v1/clubs/backroom/me", "customer")
    assert [b["bookingId"] for b in other.json()["bookings"]] == [booking.booking_id]


async def test_ones_own_holds_come_in_pages(desk: Desk) -> None:
    floor = Floor()
    for section in ("s1", "s2", "s3"):
        floor.hold(section)
    stored(desk, floor)
    page = (await desk.get("/holds?mine&limit=2", "customer")).json()
    assert [hold["holdId"] for hold in page["items"]] == ["h3", "h2"]
    more = f"/holds?mine=true&limit=2&pageToken={page['nextPageToken']}"
    last = (await desk.get(more, "customer")).json()
    assert [hold["holdId"] for hold in last["items"]] == ["h1"]
    assert last["nextPageToken"] is None
    assert code_of(await desk.get("/holds?mine=false", "customer"))[0] == 400
