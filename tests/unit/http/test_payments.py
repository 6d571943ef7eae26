"""Payment events over HTTP: signatures, what is looked up, what is sent round again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.unit.domain.build import Floor
from tests.unit.http.stub import BASE, Desk, code_of

from command_api.domain.commands import RecordPayment
from command_api.domain.decision import Rejection
from command_api.job import Reply
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.problems import Code
from holdfast.runtime.signatures import secret_bytes, sign

PLATFORM = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CLUBS = "whsec_" + "Q" * 32
EVENT: dict[str, Any] = {
    "type": "payment.succeeded",
    "transactionId": "tx1",
    "amount": 1000,
    "currency": "GBP",
    "occurredAt": "2026-02-15T18:00:00.000Z",
}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(payment_secrets=(PLATFORM, f"backroom={CLUBS}"))
    desk.writer.outcomes = [Reply(b'{"outcome":"applied"}', created=False, replayed=False)]
    yield desk
    await desk.http.aclose()


@pytest.fixture
def floor(desk: Desk) -> Floor:
    floor = Floor()
    floor.hold("s1")
    stored(desk, floor)
    return floor


def stored(desk: Desk, floor: Floor) -> None:
    desk.reads.records |= floor.state.records | floor.ended


async def tell(
    desk: Desk, *, secret: str = PLATFORM, base: str = BASE, headers: Any = (), **more: Any
) -> httpx.Response:
    body = json.dumps({**EVENT, **more}).encode()
    at = epoch_ms(desk.now) // 1000
    sent = {
        "content-type": "application/json",
        "webhook-id": "evt1",
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret_bytes(secret), "evt1", at, body),
    } | dict(headers)
    return await desk.http.post(f"{base}/payments/events", content=body, headers=sent)


@pytest.mark.parametrize("secret", [PLATFORM, CLUBS])
async def test_a_signed_event_needs_no_token_and_no_key(
    desk: Desk, floor: Floor, secret: str
) -> None:
    answer = await tell(desk, secret=secret, holdId="h1")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "applied")
    (submission,) = desk.writer.submissions
    assert isinstance(submission.command, RecordPayment)
    assert submission.command.record_id == "h1"
    assert submission.command.record is None
    assert submission.key is None


async def test_a_clubs_secret_is_no_good_for_another(desk: Desk) -> None:
    other = BASE.replace("backroom", "cellar")
    answer = await tell(desk, secret=CLUBS, base=other, holdId="h1")
    assert code_of(answer) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"webhook-signature": "v1,AAAA"}, "signature"),
        ({"webhook-signature": ""}, "required"),
        ({"webhook-timestamp": "1"}, "past"),
        ({"webhook-id": "evt2"}, "signature"),
    ],
)
async def test_what_is_not_signed_rightly_is_refused(
    desk: Desk, floor: Floor, headers: dict[str, str], says: str
) -> None:
    answer = await tell(desk, headers=headers, holdId="h1")
    assert code_of(answer) == (401, "UNAUTHENTICATED")
    assert says in answer.json()["detail"]
    assert desk.writer.submissions == []


async def test_without_secrets_events_are_not_taken() -> None:
    desk = Desk()
    answer = await tell(desk, holdId="h1")
    assert code_of(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "300"
    await desk.http.aclose()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({}, "holdId"),
        ({"holdId": "h1", "amount": -1}, "amount"),
        ({"holdId": "h1", "occurredAt": "2026-02-31T00:00:00.000Z"}, "occurredAt"),
        ({"holdId": "h1", "type": "payment.created"}, "type"),
        ({"holdId": "h1", "currency": "pounds"}, "currency"),
    ],
)
async def test_what_is_signed_and_makes_no_sense_is_refused(
    desk: Desk, floor: Floor, more: dict[str, Any], path: str
) -> None:
    answer = await tell(desk, **more)
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["path"] == path


async def test_a_body_has_its_bound(desk: Desk, floor: Floor) -> None:
    answer = await tell(desk, transactionId="x" * 70_000, holdId="h1")
    assert code_of(answer) == (413, "PAYLOAD_TOO_LARGE")


async def test_what_nobody_knows_is_to_be_sent_again(desk: Desk) -> None:
    assert code_of(await tell(desk, holdId="h9")) == (404, "HOLD_NOT_FOUND")
    assert code_of(await tell(desk, bookingId="b9")) == (404, "BOOKING_NOT_FOUND")


async def test_a_hold_of_another_venue_is_not_known(desk: Desk, floor: Floor) -> None:
    answer = await tell(desk, base=BASE.replace("leeds", "york"), holdId="h1")
    assert code_of(answer) == (404, "HOLD_NOT_FOUND")


async def test_an_event_for_a_confirmed_hold_goes_to_its_booking(desk: Desk, floor: Floor) -> None:
    booking = floor.confirm("h1").booking_id
    stored(desk, floor)
    await tell(desk, holdId="h1")
    (submission,) = desk.writer.submissions
    assert isinstance(submission.command, RecordPayment)
    assert submission.command.record_id == booking


async def test_an_ended_record_goes_with_the_command_bound_to_its_revision(
    desk: Desk, floor: Floor
) -> None:
    floor.release("h1")
    stored(desk, floor)
    await tell(desk, holdId="h1")
    (submission,) = desk.writer.submissions
    assert isinstance(submission.command, RecordPayment)
    assert submission.command.record == floor.ended["h1"]
    assert submission.key == "h1.2"


async def test_a_record_that_changed_meanwhile_is_looked_up_again(desk: Desk, floor: Floor) -> None:
    floor.release("h1")
    stored(desk, floor)
    stale = Rejection(code=Code.IDEMPOTENCY_KEY_REUSED, detail="Used.")
    desk.writer.outcomes = [stale, Reply(b'{"outcome":"late"}', created=False, replayed=False)]
    answer = await tell(desk, holdId="h1")
    assert answer.json()["outcome"] == "late"
    assert desk.reads.looked_up == ["h1", "h1"]


async def test_the_same_event_twice_at_once_is_a_duplicate_the_second_time(
    desk: Desk, floor: Floor
) -> None:
    floor.release("h1")
    stored(desk, floor)
    desk.writer.outcomes = [Reply(b'{"outcome":"late"}', created=False, replayed=True)]
    assert (await tell(desk, holdId="h1")).json()["outcome"] == "duplicate"


async def test_one_that_keeps_changing_is_sent_again_later(desk: Desk, floor: Floor) -> None:
    desk.writer.outcomes = [Rejection(code=Code.HOLD_NOT_FOUND, detail="Gone.")] * 10
    answer = await tell(desk, holdId="h1")
    assert code_of(answer) == (503, "UNAVAILABLE")
