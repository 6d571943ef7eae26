"""Imports over HTTP: a command for each item, a result for each, in the order of the request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.domain.build import MANAGER, Floor
from tests.unit.http.stub import Desk, code_of

from command_api.domain.commands import ImportBooking, ResolveConflict
from command_api.domain.conflicts.resolving import conflict_answer
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import ConflictRecord
from command_api.job import Reply, Submission, Unavailable
from holdfast.contracts.bookings import ImportItem, ItemResult
from holdfast.contracts.problems import Code


class FloorWriter:
    """Carries commands out on a floor, each key once. `down`: from so many submissions on it is out
    of reach."""

    def __init__(self, desk: Desk) -> None:
        self.floor = Floor()
        self.desk = desk
        self.submissions: list[Submission] = []
        self.down = 1_000_000

    async def submit(self, submission: Submission) -> Reply | Rejection:
        self.submissions.append(submission)
        if len(self.submissions) > self.down:
            raise Unavailable(retry_after=1)
        outcome = self.floor.run(submission.command)
        self.desk.reads.records |= self.floor.state.records | self.floor.ended
        if isinstance(outcome, Decision):
            answer = outcome.answer
            assert isinstance(answer, ItemResult)
            body = msgspec.json.encode(answer)
            return Reply(body, created=outcome.created, replayed=False)
        return outcome


@pytest.fixture
def writer(desk: Desk) -> FloorWriter:
    writer = FloorWriter(desk)
    desk.writer.submit = writer.submit  # type: ignore[method-assign]
    return writer


def item(external_id: str, section: str = "s1", **more: Any) -> dict[str, Any]:
    return {
        "date": "2026-02-15",
        "slotId": "late",
        "sectionIds": [section],
        "externalId": external_id,
        "createdAt": "2026-02-01T12:00:00.000Z",
        **more,
    }


async def add(desk: Desk, *items: dict[str, Any], by: str = "service") -> list[dict[str, Any]]:
    answer = await desk.post("/imports", {"items": list(items)}, by)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["items"]
    assert [result["index"] for result in results] == list(range(len(items)))
    return results


async def test_each_item_is_a_command_with_an_id_of_its_own_making(
    desk: Desk, writer: FloorWriter
) -> None:
    first, second = await add(desk, item("x1"), item("x2", "s2"))
    assert first["bookingId"] != second["bookingId"]
    assert {s.key for s in writer.submissions} == {first["bookingId"], second["bookingId"]}
    command = writer.submissions[0].command
    assert isinstance(command, ImportBooking)
    assert command.asker.actor.type.value == "service"


async def test_importing_again_gives_the_same_bookings(desk: Desk, writer: FloorWriter) -> None:
    assert await add(desk, item("x1")) == await add(desk, item("x1"))
    assert len(writer.floor.decisions[-1].parts) == 0


async def test_one_bad_item_does_not_stop_the_others(desk: Desk, writer: FloorWriter) -> None:
    results = await add(
        desk,
        item("x1", date="2026-02-31"),
        item("x2", createdAt="2026-13-01T00:00:00.000Z"),
        item("x3", "nowhere"),
        item("x4"),
    )
    codes = [result["code"] for result in results]
    assert codes == ["VALIDATION_FAILED", "VALIDATION_FAILED", "SECTION_NOT_FOUND", None]
    assert all(result["detail"] for result in results[:3])


async def test_the_same_external_id_twice_in_one_import_is_made_once(
    desk: Desk, writer: FloorWriter
) -> None:
    first, same, other = await add(desk, item("x1"), item("x1"), item("x1", "s2"))
    assert first["bookingId"] == same["bookingId"]
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_kiosk_names_no_customer(desk: Desk, writer: FloorWriter) -> None:
    refused, taken = await add(desk, item("x1", customerId="ann"), item("x2", "s2"), by="kiosk")
    assert refused["code"] == "ACTION_NOT_PERMITTED"
    assert taken["bookingId"]


async def test_what_cannot_be_tried_says_so(desk: Desk, writer: FloorWriter) -> None:
    writer.down = 1
    results = await add(desk, item("x1"), item("x2", "s2"), item("x3", "s3"))
    assert [result["code"] for result in results] == [None, "UNAVAILABLE", "UNAVAILABLE"]


async def test_customers_import_nothing(desk: Desk) -> None:
    answer = await desk.post("/imports", {"items": [item("x1")]}, "customer")
    assert code_of(answer) in ((403, "ACTION_NOT_PERMITTED"), (404, "CLUB_NOT_FOUND"))
    answer = await desk.post("/imports", {"items": [item("x1")]}, "service", idempotency_key="")
    assert code_of(answer) == (400, "IDEMPOTENCY_KEY_REQUIRED")


async def test_a_thousand_at_most(desk: Desk) -> None:
    items = [item(f"x{number}") for number in range(1001)]
    assert code_of(await desk.post("/imports", {"items": items}, "service"))[0] == 400
    assert code_of(await desk.post("/imports", {"items": []}, "service"))[0] == 400


async def test_managers_resolve_by_word_and_by_rule(desk: Desk) -> None:
    floor = _in_conflict()
    desk.reads.records |= floor.state.records
    conflict = floor.state.records["c1"]
    assert isinstance(conflict, ConflictRecord)
    made = msgspec.json.encode(conflict_answer(conflict))
    for body, winner in ((None, None), ({"winnerId": "i1"}, "i1")):
        desk.writer.outcomes = [Reply(made, created=False, replayed=False)]
        answer = await desk.post("/conflicts/c1/resolve", body, "manager")
        assert answer.status_code == 200
        command = desk.writer.submissions[-1].command
        assert isinstance(command, ResolveConflict)
        assert (command.conflict_id, command.winner_id) == ("c1", winner)
    assert code_of(await desk.post("/conflicts/c1/resolve", None, "staff"))[0] == 403
    missing = await desk.post("/conflicts/c9/resolve", None, "manager")
    assert code_of(missing) == (404, Code.CONFLICT_NOT_FOUND)


async def test_staff_read_a_conflict(desk: Desk) -> None:
    desk.reads.records |= _in_conflict().state.records
    answer = await desk.get("/conflicts/c1", "staff")
    assert answer.json()["sectionIds"] == ["s1"]
    assert answer.json()["sectionId"] == "s1"
    assert answer.json()["resolvedAt"] is None
    assert code_of(await desk.get("/conflicts/c1", "kiosk"))[0] == 403


def _in_conflict() -> Floor:
    """A floor where `c1` is open: `i1` wants what somebody holds."""
    floor = Floor()
    floor.hold("s1")
    command = ImportBooking(
        channel=floor.state.key,
        asker=MANAGER,
        item=ImportItem(
            date=floor.state.key.date,
            slot_id=floor.state.key.slot,
            section_ids=["s1"],
            external_id="x1",
            created_at="2026-02-01T12:00:00.000Z",
        ),
        booking_id="i1",
        conflict_id="c1",
        reference="REF",
        record=None,
    )
    floor.run(command)
    return floor
