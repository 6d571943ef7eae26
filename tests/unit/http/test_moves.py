"""Rescheduling and series: what reaches the rules, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.domain.build import DATE, Floor
from tests.unit.http.stub import BASE, Desk, bearer, code_of

from command_api.domain.commands import BookSeries, CancelBooking, Command, RescheduleBooking
from command_api.domain.decision import Rejection
from command_api.domain.records import BookingRecord, Record
from command_api.http.attempts import ATTEMPTS
from command_api.job import Reply
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code

NEXT = "2026-02-22"
SERIES = {"slotId": "late", "sectionIds": ["s1"], "contact": {"name": "Ann"}}
HERE = ChannelKey("backroom", "leeds", DATE, "late")
THERE = ChannelKey("backroom", "leeds", NEXT, "late")


def sent(desk: Desk) -> list[Command]:
    return [submission.command for submission in desk.writer.submissions]


async def made(desk: Desk) -> None:
    """A booking that this process remembers the place of."""
    desk.writer.outcomes.append(Reply(b'{"bookingId":"bkg_1"}', created=True, replayed=False))
    body = {"date": DATE, "slotId": "late", "sectionIds": ["s1"], "contact": {"name": "Ann"}}
    assert (await desk.post("/bookings", body)).status_code == 201


async def move(desk: Desk, outcome: Reply | Rejection, **more: Any) -> int:
    desk.writer.outcomes.append(outcome)
    body = {"date": NEXT, "slotId": "late", **more}
    return (await desk.post("/bookings/bkg_1/reschedule", body)).status_code


async def test_a_booking_that_moved_is_looked_for_where_it_went(desk: Desk) -> None:
    await made(desk)
    moved = Reply(b'{"bookingId":"bkg_1"}', created=False, replayed=False)
    assert await move(desk, moved, sectionIds=["p"], quantities={"p": 2}) == 200
    desk.writer.outcomes.append(moved)
    assert (await desk.post("/bookings/bkg_1/cancel")).status_code == 200
    _made, first, then = sent(desk)
    assert isinstance(first, RescheduleBooking)
    assert (first.channel, first.to) == (HERE, THERE)
    assert first.request.quantities == {"p": 2}
    assert isinstance(then, CancelBooking)
    assert then.channel == THERE
    assert desk.reads.looked_up == []


async def test_a_booking_that_was_refused_is_where_it_was(desk: Desk) -> None:
    await made(desk)
    taken = Rejection(code=Code.SECTION_NOT_AVAILABLE, detail="Not available: s1.")
    assert await move(desk, taken) == 409
    desk.writer.outcomes.append(Reply(b"{}", created=False, replayed=False))
    await desk.post("/bookings/bkg_1/cancel")
    assert sent(desk)[-1].channel == HERE


@pytest.mark.parametrize(
    "body",
    [
        {"date": "2026-02-30", "slotId": "late"},
        {"date": NEXT},
        {"date": NEXT, "slotId": "late", "sectionIds": []},
        {"date": NEXT, "slotId": "late", "quantities": {"p": 0}},
        {"date": NEXT, "slotId": "late", "venueId": "york"},
    ],
)
async def test_a_move_that_makes_no_sense_reaches_nobody(desk: Desk, body: Any) -> None:
    answer = await desk.post("/bookings/bkg_1/reschedule", body)
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert sent(desk) == []


async def test_a_series_has_a_booking_for_each_of_its_dates(desk: Desk) -> None:
    rule = {"from": DATE, "until": "2026-03-08", "weekdays": ["sun"], "except": [NEXT]}
    body = b'{"seriesId":"ser_1","items":[{"bookingId":"bkg_1"}]}'
    desk.writer.outcomes.append(Reply(body, created=True, replayed=False))
    answer = await desk.post("/booking-series", {**SERIES, "recurrence": rule})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{BASE}/booking-series/ser_1"
    (command,) = sent(desk)
    assert isinstance(command, BookSeries)
    assert command.dates == (DATE, "2026-03-01", "2026-03-08")
    assert [key.date for key in command.channels] == list(command.dates)
    assert command.channel == command.channels[0]
    ids = {id_ for id_, _reference in command.bookings}
    assert len(ids) == len(command.bookings) == 3
    assert command.customer_id == "ann"


@pytest.mark.parametrize(
    "body",
    [
        SERIES,
        {**SERIES, "dates": []},
        {**SERIES, "dates": [DATE, DATE]},
        {**SERIES, "dates": [DATE] * 367},
        {**SERIES, "dates": ["2026-13-01"]},
        {**SERIES, "recurrence": {"from": DATE, "until": NEXT, "weekdays": []}},
        {**SERIES, "recurrence": {"from": DATE, "until": NEXT, "weekdays": ["tag"]}},
        {**SERIES, "recurrence": {"from": DATE, "until": NEXT, "weekdays": ["mon"], "to": NEXT}},
    ],
)
async def test_a_series_that_makes_no_sense_reaches_nobody(desk: Desk, body: Any) -> None:
    assert code_of(await desk.post("/booking-series", body)) == (400, "VALIDATION_FAILED")
    assert sent(desk) == []


async def test_only_staff_book_a_series_for_somebody_else(desk: Desk) -> None:
    body = {**SERIES, "dates": [DATE], "customerId": "bob"}
    assert code_of(await desk.post("/booking-series", body)) == (403, "ACTION_NOT_PERMITTED")
    await desk.post("/booking-series", body, authorization=bearer("staff"))
    (command,) = sent(desk)
    assert isinstance(command, BookSeries)
    assert command.customer_id == "bob"


class Wandering(dict[str, Record]):
    """A booking that is somewhere else each time somebody looks."""

    def __init__(self, record: BookingRecord, rests_after: int) -> None:
        super().__init__({record.id: record})
        self._left = rests_after

    def get(self, key: str, default: Any = None) -> Any:
        record = super().get(key, default)
        if self._left and isinstance(record, BookingRecord):
            self._left -= 1
            self[key] = record = replace(record, revision=record.revision + 1)
        return record


@pytest.mark.parametrize(("moves", "code"), [(3, "BOOKING_NOT_FOUND"), (100, "UNAVAILABLE")])
async def test_a_booking_that_is_moved_on_all_the_time_is_never_said_not_to_exist(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moves: int, code: str
) -> None:
    """It is there, only not where it was a moment ago. One that rests is what the rules say it is."""
    monkeypatch.setattr("command_api.http.attempts._PAUSE_SECONDS", 0.0)
    floor = Floor()
    record = floor.state.records[floor.confirm(floor.hold("s1").hold_id).booking_id]
    assert isinstance(record, BookingRecord)
    desk.reads.records = Wandering(record, moves)
    gone = Rejection(code=Code.BOOKING_NOT_FOUND, detail="There is no booking.")
    desk.writer.outcomes = [gone] * 10
    answer = await desk.post(f"/bookings/{record.id}/cancel")
    assert code_of(answer) == (404 if moves == 3 else 503, code)
    assert len(sent(desk)) == (moves if moves == 3 else ATTEMPTS)


@pytest.mark.parametrize(("moves", "code"), [(3, "BOOKING_NOT_FOUND"), (100, "UNAVAILABLE")])
async def test_a_series_that_is_moved_on_all_the_time_is_never_said_not_to_exist(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moves: int, code: str
) -> None:
    monkeypatch.setattr("command_api.http.attempts._PAUSE_SECONDS", 0.0)
    floor = Floor()
    record = floor.state.records[floor.confirm(floor.hold("s1").hold_id).booking_id]
    assert isinstance(record, BookingRecord)
    wandering = Wandering(record, moves)

    async def found(*_series: str) -> list[BookingRecord]:
        return [wandering.get(record.id)]

    monkeypatch.setattr(desk.reads, "records_of_series", found, raising=False)
    gone = Rejection(code=Code.BOOKING_NOT_FOUND, detail="There is no booking.")
    desk.writer.outcomes = [gone] * 10
    answer = await desk.post("/booking-series/ser_1/cancel")
    assert code_of(answer) == (404 if moves == 3 else 503, code)
    assert len(sent(desk)) == (moves if moves == 3 else ATTEMPTS)
