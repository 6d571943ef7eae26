from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import Floor
from tests.unit.http.stub import BASE, Desk, bearer, code_of

from command_api.domain.commands import CancelBooking, EditBooking, MoveBooking, RequestBooking
from command_api.job import Reply
from holdfast.contracts.channels import ChannelKey

KEY = ChannelKey("backroom", "leeds", "2026-02-15", "late")
REQUEST: dict[str, Any] = {
    "date": "2026-02-15",
    "slotId": "late",
    "sectionIds": ["s1"],
    "contact": {"name": "Ann"},
}


def with_booking(desk: Desk, *, ended: bool = False) -> str:
    """A booking of Ann's, as another replica made it; its id."""
    floor = Floor()
    booking = floor.confirm(floor.hold("s1").hold_id)
    if ended:
        floor.cancel(booking.booking_id)
    desk.reads.records |= floor.state.records | floor.ended
    return booking.booking_id


async def test_a_booking_is_requested_at_a_new_address(desk: Desk) -> None:
    answer = await desk.post("/bookings", REQUEST | {"partySize": 3})
    (submission,) = desk.writer.submissions
    command = submission.command
    assert isinstance(command, RequestBooking)
    assert (command.channel, command.customer_id, command.request.party_size) == (KEY, "ann", 3)
    assert len(command.reference) == 8
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{BASE}/bookings/{command.booking_id}"
    await desk.post(f"/bookings/{command.booking_id}/cancel", {"reason": "ill"})
    cancel = desk.writer.submissions[1].command
    assert isinstance(cancel, CancelBooking)
    assert (cancel.channel, cancel.reason) == (KEY, "ill")
    assert not desk.reads.looked_up


@pytest.mark.parametrize(
    ("role", "named", "made_for"),
    [
        ("customer", None, "ann"),
        ("customer", "ann", "ann"),
        ("customer", "bob", 403),
        ("staff", None, None),
        ("staff", "bob", "bob"),
        ("service", "bob", "bob"),
        ("kiosk", None, None),
        ("kiosk", "bob", 403),
    ],
)
async def test_for_whom_a_booking_is(
    desk: Desk, role: str, named: str | None, made_for: str | int | None
) -> None:
    body = REQUEST if named is None else REQUEST | {"customerId": named}
    answer = await desk.post("/bookings", body, role)
    if made_for == 403:
        assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")
        assert not desk.writer.submissions
        return
    command = desk.writer.submissions[0].command
    assert isinstance(command, RequestBooking)
    assert command.customer_id == made_for


@pytest.mark.parametrize(
    ("verb", "roles"),
    [
        ("approve", {"manager", "admin", "service"}),
        ("decline", {"manager", "admin", "service"}),
        ("check-in", {"manager", "admin", "service", "staff", "kiosk"}),
        ("complete", {"manager", "admin", "service", "staff"}),
        ("no-show", {"manager", "admin", "service", "staff"}),
    ],
)
async def test_who_may_move_a_booking_along(desk: Desk, verb: str, roles: set[str]) -> None:
    booking_id = with_booking(desk)
    for role in ("customer", "kiosk", "staff", "manager", "service", "admin"):
        desk.writer.submissions.clear()
        desk.writer.outcomes = [Reply(b"{}", created=False, replayed=False)]
        answer = await desk.post(f"/bookings/{booking_id}/{verb}", {"reason": "so"}, role)
        if role not in roles:
            assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")
            assert not desk.writer.submissions
            continue
        assert answer.status_code == 200
        command = desk.writer.submissions[0].command
        assert isinstance(command, MoveBooking)
        assert (command.verb, command.booking_id, command.reason) == (verb, booking_id, "so")
        assert (command.channel, command.record) == (KEY, None)


async def test_a_move_needs_a_key_and_no_body(desk: Desk) -> None:
    booking_id = with_booking(desk)
    path = f"/bookings/{booking_id}/check-in"
    without = await desk.post(path, None, "staff", idempotency_key="")
    assert code_of(without) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    desk.writer.outcomes = [Reply(b"{}", created=False, replayed=False)]
    assert (await desk.post(path, None, "staff")).status_code == 200


async def test_an_ended_booking_goes_along_with_its_move(desk: Desk) -> None:
    booking_id = with_booking(desk, ended=True)
    desk.writer.outcomes = [Reply(b"{}", created=False, replayed=False)]
    await desk.post(f"/bookings/{booking_id}/approve", None, "manager")
    command = desk.writer.submissions[0].command
    assert isinstance(command, MoveBooking)
    assert command.record == desk.reads.records[booking_id]


async def test_the_etag_of_a_booking_is_what_an_edit_names(desk: Desk) -> None:
    booking_id = with_booking(desk)
    path = f"/bookings/{booking_id}"
    etag = (await desk.get(path, "customer")).headers["etag"]
    assert etag == '"1"'
    desk.writer.outcomes = [Reply(b'{"revision":2}', created=False, replayed=False)]
    change = {"partySize": 3, "notes": None}
    answer = await desk.request("PATCH", path, change, "customer", if_match=etag)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    (submission,) = desk.writer.submissions
    command = submission.command
    assert isinstance(command, EditBooking)
    assert (command.revision, command.booking_id, submission.key) == (1, booking_id, None)
    assert (command.change.party_size, command.change.notes) == (3, None)
    desk.writer.outcomes = [Reply(b'{"revision":2}', created=False, replayed=True)]
    again = await desk.request(
        "PATCH", path, change, "customer", if_match=etag, idempotency_key="k7"
    )
    assert desk.writer.submissions[1].key == "k7"
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("headers", "body", "problem"),
    [
        ({}, {"notes": "x"}, (428, "PRECONDITION_REQUIRED")),
        ({"if_match": "*"}, {"notes": "x"}, (400, "VALIDATION_FAILED")),
        ({"if_match": '"1"'}, {"note": "x"}, (400, "VALIDATION_FAILED")),
        ({"if_match": '"1"'}, {"partySize": 0}, (400, "VALIDATION_FAILED")),
        ({"if_match": '"1"'}, {"contact": {"email": "x"}}, (400, "VALIDATION_FAILED")),
        ({"if_match": '"1"', "idempotency_key": " k"}, {}, (400, "VALIDATION_FAILED")),
    ],
)
async def test_edits_that_cannot_be_read(
    desk: Desk, headers: dict[str, str], body: dict[str, Any], problem: tuple[int, str]
) -> None:
    path = f"/bookings/{with_booking(desk)}"
    assert code_of(await desk.request("PATCH", path, body, "customer", **headers)) == problem
    assert not desk.writer.submissions


async def test_requests_that_cannot_be_read(desk: Desk) -> None:
    for body in (
        REQUEST | {"date": "2026-02-30"},
        REQUEST | {"bestAvailable": {"quantity": 1}},
        {"date": "2026-02-15", "slotId": "late"},
        REQUEST | {"sectionIds": []},
    ):
        assert code_of(await desk.post("/bookings", body)) == (400, "VALIDATION_FAILED")
    assert code_of(await desk.post("/bookings", REQUEST, None)) == (401, "UNAUTHENTICATED")
    stranger = bearer("staff", "elsewhere")
    foreign = await desk.post("/bookings", REQUEST, None, authorization=stranger)
    assert code_of(foreign) == (404, "CLUB_NOT_FOUND")
    assert not desk.writer.submissions
