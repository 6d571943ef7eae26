from __future__ import annotations

from typing import Any

import pytest
from tests.unit.domain.build import DATE, KEY, STAFF, customer
from tests.unit.domain.waiting import Queue, tables
from tests.unit.http.stub import BASE, Desk, bearer, code_of

from command_api.domain.commands import AcceptOffer, DeclineOffer, JoinWaitlist, LeaveWaitlist
from command_api.domain.decision import Rejection
from command_api.domain.times import later
from command_api.job import Reply
from holdfast.contracts.problems import Code

JOIN: dict[str, Any] = {"date": DATE, "slotId": "late", "partySize": 2}
NIGHT = f"?date={DATE}&slotId=late"


def queued(desk: Desk, *names: str) -> Queue:
    """One table, which the first of them is offered; the others wait."""
    queue = Queue(sections=tables(4))
    for name in names:
        queue.join(name, 2)
    desk.reads.channels[KEY] = queue.state
    desk.reads.records |= queue.state.records
    return queue


async def test_joining_makes_an_entry_at_a_new_address(desk: Desk) -> None:
    desk.writer.outcomes = [Reply(b'{"entryId":"wle_1"}', created=True, replayed=False)]
    answer = await desk.post("/waitlist", JOIN | {"categoryIds": ["gold"]})
    (submission,) = desk.writer.submissions
    command = submission.command
    assert isinstance(command, JoinWaitlist)
    assert (command.channel, command.customer_id, command.entry_id[:4]) == (KEY, "ann", "wle_")
    assert (command.request.party_size, command.request.category_ids) == (2, ["gold"])
    assert (answer.status_code, answer.headers["location"]) == (201, f"{BASE}/waitlist/wle_1")


@pytest.mark.parametrize(
    "body",
    [
        {},
        JOIN | {"partySize": 0},
        JOIN | {"partySize": "2"},
        JOIN | {"date": "2026-02-30"},
        JOIN | {"slotId": "a b"},
        JOIN | {"categoryIds": [""]},
        JOIN | {"position": 1},
    ],
)
async def test_a_wrong_body_joins_nothing(desk: Desk, body: dict[str, Any]) -> None:
    assert code_of(await desk.post("/waitlist", body)) == (400, "VALIDATION_FAILED")
    assert desk.writer.submissions == []


async def test_only_staff_put_others_on_the_list(desk: Desk) -> None:
    answer = await desk.post("/waitlist", JOIN | {"customerId": "bob"})
    assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")
    await desk.post("/waitlist", JOIN | {"customerId": "bob"}, by="staff")
    command = desk.writer.submissions[-1].command
    assert isinstance(command, JoinWaitlist)
    assert command.customer_id == "bob"


async def test_joining_needs_a_key_and_a_token(desk: Desk) -> None:
    answer = await desk.post("/waitlist", JOIN, idempotency_key="")
    assert code_of(answer) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert code_of(await desk.post("/waitlist", JOIN, by=None)) == (401, "UNAUTHENTICATED")


async def test_staff_see_the_queue_and_customers_themselves(desk: Desk) -> None:
    queued(desk, "ann", "bob", "cat")
    seen = (await desk.get("/waitlist" + NIGHT, by="staff")).json()["items"]
    assert [(e["customerId"], e["status"], e["position"]) for e in seen] == [
        ("ann", "offered", None),
        ("bob", "waiting", 1),
        ("cat", "waiting", 2),
    ]
    assert (seen[0]["offer"]["sectionIds"], seen[1]["offer"]) == (["t0"], None)
    assert [entry["estimatedMinutes"] for entry in seen] == [None, 10, None]
    own = await desk.get("/waitlist" + NIGHT, authorization=bearer("customer", sub="cat"))
    assert own.json()["items"] == [seen[2]]


async def test_the_queue_comes_in_pages(desk: Desk) -> None:
    queued(desk, "ann", "bob", "cat")
    page = (await desk.get(f"/waitlist{NIGHT}&limit=2", by="staff")).json()
    assert [entry["entryId"] for entry in page["items"]] == ["e1", "e2"]
    rest = await desk.get(f"/waitlist{NIGHT}&pageToken={page['nextPageToken']}", by="staff")
    assert [entry["entryId"] for entry in rest.json()["items"]] == ["e3"]
    assert rest.json()["nextPageToken"] is None


async def test_a_queue_is_of_a_slot_that_there_is(desk: Desk) -> None:
    assert code_of(await desk.get("/waitlist", by="staff"))[1] == "VALIDATION_FAILED"
    nowhere = await desk.get(f"/waitlist?date={DATE}&slotId=brunch", by="staff")
    assert code_of(nowhere) == (404, "SLOT_NOT_FOUND")
    nowhere = await desk.get(f"{BASE.replace('leeds', 'york')}/waitlist{NIGHT}", by="staff")
    assert code_of(nowhere) == (404, "VENUE_NOT_FOUND")


async def test_an_entry_is_read_by_its_customer_and_by_staff(desk: Desk) -> None:
    queued(desk, "bob", "ann")
    own = await desk.get("/waitlist/e2", by="customer")
    assert (own.json()["status"], own.json()["position"]) == ("waiting", 1)
    assert (await desk.get("/waitlist/e2", by="staff")).json() == own.json()
    missing = (404, "WAITLIST_ENTRY_NOT_FOUND")
    assert code_of(await desk.get("/waitlist/e1", by="customer")) == missing
    assert code_of(await desk.get("/waitlist/e9", by="customer")) == missing


async def test_an_offer_past_its_time_reads_as_expired_swept_or_not(desk: Desk) -> None:
    queue = queued(desk, "ann")
    desk.now = later(queue.now, 600)
    entry = (await desk.get("/waitlist/e1", by="customer")).json()
    assert (entry["status"], entry["offer"]) == ("expired", None)
    assert (await desk.get("/waitlist" + NIGHT, by="staff")).json()["items"] == []
    mine = await desk.get("/v1/clubs/backroom/me", by="customer")
    assert mine.json()["waitlist"] == []


async def test_what_one_waits_for_is_among_ones_own(desk: Desk) -> None:
    queued(desk, "bob", "ann")
    mine = (await desk.get("/v1/clubs/backroom/me", by="customer")).json()
    assert [(entry["entryId"], entry["position"]) for entry in mine["waitlist"]] == [("e2", 1)]


async def test_leaving_names_the_entry(desk: Desk) -> None:
    queued(desk, "ann")
    await desk.request("DELETE", "/waitlist/e1", by="customer")
    command = desk.writer.submissions[-1].command
    assert isinstance(command, LeaveWaitlist)
    assert (command.channel, command.entry_id, command.record) == (KEY, "e1", None)


async def test_an_offer_is_found_by_its_entry_which_its_id_names(desk: Desk) -> None:
    queued(desk, "ann")
    accepted = Reply(b'{"bookingId":"b1"}', created=True, replayed=False)
    declined = Reply(b'{"entryId":"e1"}', created=False, replayed=False)
    desk.writer.outcomes = [accepted, declined]
    answer = await desk.post("/offers/hld_e1_1/accept", {"contact": {"name": "Ann"}})
    assert answer.headers["location"] == f"{BASE}/bookings/b1"
    answer = await desk.post("/offers/hld_e1_1/decline", idempotency_key="k2")
    assert answer.status_code == 200
    accept, decline = (submission.command for submission in desk.writer.submissions)
    assert isinstance(accept, AcceptOffer)
    assert isinstance(decline, DeclineOffer)
    for command in (accept, decline):
        assert (command.channel, command.entry_id) == (KEY, "e1")
        assert (command.offer_id, command.record) == ("hld_e1_1", None)


async def test_an_ended_entry_comes_with_the_command(desk: Desk) -> None:
    queue = queued(desk, "ann")
    queue.leave("e1", customer("ann"))
    desk.reads.records |= queue.ended
    await desk.post("/offers/hld_e1_1/decline")
    command = desk.writer.submissions[-1].command
    assert isinstance(command, DeclineOffer)
    assert command.record == queue.entry("e1")


@pytest.mark.parametrize("offer_id", ["x", "hld_e9_1", "hld_0198c1d3f2a", "hld__1", "e1"])
async def test_what_is_no_offer_is_not_found(desk: Desk, offer_id: str) -> None:
    queued(desk, "ann")
    for verb in ("accept", "decline"):
        answer = await desk.post(f"/offers/{offer_id}/{verb}", {})
        assert code_of(answer) == (404, "OFFER_NOT_FOUND")
    assert desk.writer.submissions == []


async def test_an_offer_that_ran_out_is_gone(desk: Desk) -> None:
    queued(desk, "ann")
    desk.writer.outcomes = [Rejection(code=Code.OFFER_EXPIRED, detail="The offer expired.")]
    answer = await desk.post("/offers/hld_e1_1/accept", {})
    assert code_of(answer) == (410, "OFFER_EXPIRED")


async def test_declining_takes_no_more_than_an_empty_body(desk: Desk) -> None:
    queued(desk, "ann")
    answer = await desk.post("/offers/hld_e1_1/decline", {"why": "late"})
    assert code_of(answer) == (400, "VALIDATION_FAILED")


async def test_guests_of_staff_are_seen_by_staff_alone(desk: Desk) -> None:
    queue = queued(desk)
    queue.join(None, 2, by=STAFF)
    seen = (await desk.get("/waitlist" + NIGHT, by="staff")).json()["items"]
    assert [entry["customerId"] for entry in seen] == [None]
    assert (await desk.get("/waitlist" + NIGHT, by="customer")).json()["items"] == []
