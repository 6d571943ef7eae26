"""Alternatives over HTTP: asked for, and in the answer to whoever came too late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.domain.build import DATE, KEY, venue
from tests.unit.http.stub import Desk, code_of

from command_api.domain.decision import Rejection, Wanted
from command_api.domain.model import ChannelState
from command_api.http import nearby
from command_api.http.nearby import Nearby
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import ActorType, ClaimKind
from holdfast.contracts.venues import Policy

NIGHT = f"date={DATE}&slotId=late"
HOLD: dict[str, Any] = {"date": DATE, "slotId": "late", "sectionIds": ["s1"]}


class Steady:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady(desk: Desk) -> Steady:
    clock = Steady()
    desk.services.nearby = Nearby(clock)
    return clock


def take(desk: Desk, *section_ids: str) -> None:
    state = desk.reads.channels.setdefault(KEY, ChannelState(KEY))
    for section_id in section_ids:
        claim = Claim(
            claim_id="h1",
            kind=ClaimKind.CONFIRMED,
            quantity=1,
            customer_id="bob",
            actor=Actor(type=ActorType.CUSTOMER, id="bob"),
            since=desk.now,
            expires_at=None,
            amount=None,
        )
        state.claims[section_id] = {"h1": claim}


def denied(*section_ids: str, version: int = 7) -> Rejection:
    return Rejection(
        code=Code.SECTION_NOT_AVAILABLE,
        detail="Not available.",
        facts={
            "conflictingSections": list(section_ids),
            "heldUntil": None,
            "version": version,
            "alternatives": [],
        },
    )


async def conflict(desk: Desk, *section_ids: str, **more: Any) -> dict[str, Any]:
    desk.writer.outcomes = [denied(*section_ids)]
    answer = await desk.post("/holds", HOLD | {"sectionIds": list(section_ids)} | more)
    assert code_of(answer) == (409, "SECTION_NOT_AVAILABLE")
    body: dict[str, Any] = answer.json()
    return body


async def test_anybody_may_ask_and_learns_nobody_s_name(desk: Desk) -> None:
    take(desk, "s1")
    answer = await desk.get(f"/alternatives?{NIGHT}&sectionIds=s1&limit=3")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert len(body["items"]) == 3
    assert body["items"][0].keys() == {
        *("kind", "date", "slotId", "sectionIds", "quantities", "amount"),
        *("priceDifference", "discount", "score"),
    }
    assert not body["waitlistOption"]
    assert "bob" not in answer.text


async def test_a_party_alone_is_enough_to_ask(desk: Desk) -> None:
    answer = await desk.get(f"/alternatives?{NIGHT}&partySize=3")
    first = answer.json()["items"][0]
    assert (first["sectionIds"], first["slotId"], first["date"]) == (["t2"], "late", DATE)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (f"{NIGHT}&sectionIds=nowhere", (404, "SECTION_NOT_FOUND")),
        (f"{NIGHT}&sectionIds=a,,b", (400, "VALIDATION_FAILED")),
        (f"{NIGHT}&categoryId=lead", (400, "VALIDATION_FAILED")),
        (f"{NIGHT}&partySize=0", (400, "VALIDATION_FAILED")),
        (f"{NIGHT}&quantity=51", (400, "VALIDATION_FAILED")),
        (f"{NIGHT}&limit=11", (400, "VALIDATION_FAILED")),
        (f"date={DATE}&slotId=noon", (404, "SLOT_NOT_FOUND")),
        ("slotId=late", (400, "VALIDATION_FAILED")),
    ],
)
async def test_questions_that_make_no_sense(
    desk: Desk, query: str, problem: tuple[int, str]
) -> None:
    assert code_of(await desk.get(f"/alternatives?{query}")) == problem


async def test_a_venue_that_is_not_public_answers_nobody(desk: Desk) -> None:
    desk.policy(Policy(public_read=False))
    assert code_of(await desk.get(f"/alternatives?{NIGHT}")) == (401, "UNAUTHENTICATED")


async def test_who_moves_a_booking_without_naming_its_sections_is_told_as_well(desk: Desk) -> None:
    take(desk, "s1")
    booked = (await desk.post("/bookings", HOLD)).json()["bookingId"]
    refused = denied("s1")
    refused.wanted = Wanted(sections={"s1": 1}, party_size=2)
    desk.writer.outcomes = [refused]
    answer = await desk.post(
        f"/bookings/{booked}/reschedule", {"date": DATE, "slotId": HOLD["slotId"]}
    )
    assert code_of(answer) == (409, "SECTION_NOT_AVAILABLE")
    assert ["s2"] in [item["sectionIds"] for item in answer.json()["alternatives"]]


async def test_who_comes_too_late_is_told_what_else_there_is(desk: Desk) -> None:
    take(desk, "s1")
    body = await conflict(desk, "s1")
    assert ["s2"] in [item["sectionIds"] for item in body["alternatives"]]
    assert body["waitlistOption"] is False
    assert body["version"] == 7


async def test_a_pool_with_too_little_left_has_alternatives_too(desk: Desk) -> None:
    facts = {"sectionId": "p", "requested": 4, "available": 1, "version": 2, "alternatives": []}
    desk.writer.outcomes = [Rejection(code=Code.CAPACITY_EXCEEDED, detail="No.", facts=facts)]
    answer = await desk.post("/holds", HOLD | {"sectionIds": ["p"], "quantities": {"p": 4}})
    (first, *_rest) = answer.json()["alternatives"]
    assert (first["kind"], first["quantities"]) == ("other_date", {"p": 4})


async def test_a_storm_loads_once_a_second_and_works_each_wish_out_once(
    desk: Desk, steady: Steady
) -> None:
    take(desk, "s1", "s2")
    bodies = await asyncio.gather(*(_same(desk, "s1") for _ in range(20)))
    assert len({str(body["alternatives"]) for body in bodies}) == 1
    assert len(desk.reads.vacancies.asked) == 1
    assert len(desk.reads.vacancies.asked[0]) > 1, "all around"
    take(desk, "s3")
    steady.now += 1
    await _same(desk, "s1")
    assert [len(keys) for keys in desk.reads.vacancies.asked[1:]] == [1], "the channel alone"
    steady.now += 5
    await _same(desk, "s1")
    assert len(desk.reads.vacancies.asked[2]) == len(desk.reads.vacancies.asked[0])


async def _same(desk: Desk, section_id: str) -> dict[str, Any]:
    desk.writer.outcomes.append(denied(section_id))
    answer = await desk.post("/holds", HOLD | {"sectionIds": [section_id]})
    body: dict[str, Any] = answer.json()
    return body


async def test_beyond_its_share_of_the_time_the_like_are_told_the_like(
    desk: Desk, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby, "SHARE", 0.0)
    take(desk, "a1", "a2")
    first = await conflict(desk, "a1")
    second = await conflict(desk, "a2")
    assert second["alternatives"] == first["alternatives"] != []
    third = await conflict(desk, "a3")
    own = [item for item in third["alternatives"] if item["date"] == DATE]
    assert own
    assert all("a3" not in item["sectionIds"] for item in own), "that is what it cannot have"


async def test_without_a_database_the_conflict_is_answered_without_alternatives(
    desk: Desk,
) -> None:
    desk.reads.vacancies.error = OSError("refused")
    assert (await conflict(desk, "s1"))["alternatives"] == []
    desk.reads.vacancies.error = None
    assert (await conflict(desk, "s1"))["alternatives"] != []


async def test_a_venue_that_was_changed_is_taken_anew(desk: Desk, steady: Steady) -> None:
    assert (await conflict(desk, "s1"))["alternatives"][-1]["amount"] == 5000
    changed = venue()
    changed.categories["gold"].price = 6000
    changed.revision = 2
    desk.reads.venues_["backroom", "leeds"] = changed
    steady.now += 1
    assert (await conflict(desk, "s1"))["alternatives"][-1]["amount"] == 6000


@pytest.mark.parametrize(
    ("seen", "stale"), [(None, 0), (6, 1), (7, 0), (8, 0)], ids=["unsaid", "older", "same", "ahead"]
)
async def test_attempts_from_a_stale_screen_are_counted(
    desk: Desk, seen: int | None, stale: int
) -> None:
    attempts: list[int] = []
    desk.services.stale_attempt = lambda: attempts.append(1)
    await conflict(desk, "s1", seenVersion=seen)
    assert len(attempts) == stale
