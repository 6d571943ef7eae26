"""Bodies that make no sense: each is answered by a problem with a code, and changes nothing."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests
from tests.e2e.openapi.conftest import Pair
from tests.e2e.openapi.floor import LATE, NEXT, NIGHT, RUNNING, SLOT, TODAY
from tests.support.conformity import Asked, Conformity

from holdfast.contracts.problems import PROBLEM_JSON

Json = dict[str, Any]
NOT_JSON = {
    "cut": b'{"',
    "no UTF-8": b'{"a":"\xff\xfe"}',
    "deep": b"[" * 50_000,
    "deep and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "two": b"{}{}",
    "NaN": b"NaN",
    "XML": b"<a/>",
    "a byte of nothing": b"\x00",
}
NO_OBJECT = {"list": b"[]", "text": b'"x"', "null": b"null", "number": b"1", "truth": b"true"}
STRANGE_TEXTS = {
    "lone surrogate": r"\ud800",
    "surrogates the wrong way round": r"\udc00\ud800",
    "NUL": r"a\u0000b",
    "escape of nothing": r"\x",
    "line feed": "\n",
}
STRANGE_NUMBERS = ["1e999", "-1e999", "9223372036854775808", "-1", "1.5", "1" + "0" * 400, "01"]
STRANGE_DATES = [
    "2020-01-01",
    "0000-00-00",
    "2027-02-30",
    "9999-12-31",
    "2027-1-1",
    "２０２７-01-01",
]


class Case(NamedTuple):
    """`statuses`: what the answer may be."""

    name: str
    body: bytes
    statuses: tuple[int, ...] = (400,)


def operations(api: Conformity) -> Iterator[tuple[str, Asked]]:
    """Those that take a body, each with one that succeeded."""
    for operation in api:
        if api.takes_body(operation):
            asked = api.succeeded[operation]
            assert asked.body is not None, operation
            yield operation, asked


def wrong_shapes(asked: Asked) -> Iterator[Case]:
    for name, body in {**NOT_JSON, **NO_OBJECT}.items():
        yield Case(name, body)
    yield Case("unknown member", json.dumps({**asked.body, "nope": 1}).encode())


def wrong_members(asked: Asked) -> Iterator[Case]:
    """Every member, wherever it stands, once as each thing that it cannot be."""
    for place, value in members(asked.body):
        for other in others(value):
            yield Case(f"{place} = {other!r}", written(asked.body, place, json.dumps(other)))
        if isinstance(value, str):
            for name, text in STRANGE_TEXTS.items():
                yield Case(f"{place}: {name}", written(asked.body, place, f'"{text}"'))
        if isinstance(value, int | float) and not isinstance(value, bool):
            for number in STRANGE_NUMBERS:
                yield Case(f"{place} = {number[:9]}", written(asked.body, place, number))
        if isinstance(value, str) and len(value) == 10 and value[4] == "-":
            for date in STRANGE_DATES:
                body = written(asked.body, place, json.dumps(date))
                yield Case(f"{place} = {date}", body, (400, 404, 409, 412, 422))


def unknown_ids(asked: Asked) -> Iterator[Case]:
    known = {
        "slotId",
        "sectionIds",
        "add",
        "remove",
        "categoryIds",
        "holdId",
        "bookingId",
        "winnerId",
    }
    for place, value in members(asked.body):
        if place[0] in ("slots", "sections"):
            continue  # of a definition, which is free to name them
        if place[-1] in known:
            other = "no_such" if isinstance(value, str) else ["no_such"]
            body = written(asked.body, place, json.dumps(other))
            yield Case(f"{place} is not there", body, (400, 404, 409))
        if place[-1] == "sectionIds":
            twice = written(asked.body, place, json.dumps([*value, *value]))
            yield Case(f"{place} twice", twice, (409, 422))
            many = [f"s{n}" for n in range(60_000)]
            yield Case(f"{place}: many", written(asked.body, place, json.dumps(many)), (400, 413))


def members(
    value: Any, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield (*place, name), each
            yield from members(each, (*place, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from members(value[0], (*place, 0))


def others(value: Any) -> Iterator[Any]:
    """Things of other types, and a text that is too long for any member."""
    for other in ({"a": 1}, [[1]], "x" * 3000, 3.25, True):
        if type(other) is not type(value) or isinstance(other, str):
            yield other


def written(body: Json, place: tuple[str | int, ...], text: str) -> bytes:
    """The body with raw JSON at a place."""
    changed: Any = copy.deepcopy(body)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = "@here@"
    return json.dumps(changed).replace('"@here@"', text).encode()


def check(api: Conformity, operation: str, asked: Asked, cases: Iterator[Case]) -> list[str]:
    """What was answered in another way than it should have been."""
    wrong = []
    for case in cases:
        answer = api.send(operation, case.body, asked)
        if fault := fault_of(api, operation, answer, case.statuses):
            wrong.append(f"{operation} {case.name[:80]}: {fault}\n    {case.body[:300]!r}")
    return wrong


def fault_of(
    api: Conformity, operation: str, answer: requests.Response, statuses: tuple[int, ...]
) -> str:
    if operation == "importBookings" and answer.status_code == 200 and statuses != (400,):
        item = answer.json()["items"][0]
        return "" if item["code"] and not item["bookingId"] else answer.text
    if answer.headers.get("content-type") != PROBLEM_JSON:
        return f"{answer.status_code} {answer.text[:300]}"
    code = answer.json()["code"]
    if answer.status_code not in statuses:
        return f"{answer.status_code} {code} {answer.json()['detail']}"
    if code not in api.documented(operation, answer.status_code):
        return f"{code} is not documented"
    return ""


def picture(api: Conformity) -> Any:
    """All that readers can see, without the times of their reading."""
    seen: dict[str, Any] = {}
    for venue in ("leeds", "york", "small"):
        seen[venue] = api.ask("readVenue", "manager", venue=venue)["revision"]
        seen[f"bookings of {venue}"] = api.ask(
            "listBookings", "manager", venue=venue, query={"limit": 200}
        )
        for date, slot in ((NIGHT, SLOT), (NEXT, LATE), (TODAY, RUNNING)):
            where = {"date": date, "slotId": slot}
            seen[f"{venue} {date}"] = api.ask(
                "readAvailability", "manager", venue=venue, query=where
            )
    for who in ("ann", "ben"):
        seen[who] = api.ask("readMe", who)
    seen["clubs"] = api.ask("listClubs", "admin")
    return seen_without_times(seen)


def seen_without_times(value: Any) -> Any:
    if isinstance(value, dict):
        passing = {"serverTime", "asOf", "cursor", "epoch", "estimatedMinutes"}
        return {k: seen_without_times(v) for k, v in value.items() if k not in passing}
    return [seen_without_times(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("cases", [wrong_shapes, wrong_members, unknown_ids])
async def test_nonsense_is_a_problem_with_a_code_and_changes_nothing(
    pair: Pair, cases: Any
) -> None:
    def run() -> None:
        before, wrong = picture(pair.api), []
        for operation, asked in operations(pair.api):
            wrong += check(pair.api, operation, asked, cases(asked))
        assert "\n".join(wrong) == ""
        assert picture(pair.api) == before

    await asyncio.to_thread(run)


async def test_what_is_not_json_by_its_own_word_or_is_too_much_is_told_so(pair: Pair) -> None:
    def run() -> None:
        for operation, asked in operations(pair.api):
            body = json.dumps(asked.body).encode()
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
                answer = pair.api.send(operation, body, asked, content_type=kind)
                assert fault_of(pair.api, operation, answer, (415,)) == "", kind
            answer = pair.api.send(operation, b" " * (9 * 1024 * 1024), asked)
            assert fault_of(pair.api, operation, answer, (413,)) == ""

    await asyncio.to_thread(run)


async def test_texts_of_all_scripts_come_back_as_they_were_sent(pair: Pair) -> None:
    text = (
        "🦊 Zoë אבג \u202eright to left\u202c 北京 a\u0301 \\u0000 <b>&amp;</b> '; drop table x; --"
    )

    def run() -> None:
        contact = {"name": text, "email": "é@例え.jp", "phone": "+44 ０１２"}
        body = {"date": NEXT, "slotId": SLOT, "sectionIds": ["t30"], "contact": contact}
        more = {"notes": text, "specialRequests": text, "metadata": {text[:60]: text}}
        made = pair.api.ask("requestBooking", "ben", {**body, **more}, expect=201)
        read = pair.api.ask("readBooking", "ben", id=made["bookingId"])
        assert {name: read[name] for name in more} == more
        assert read["contact"] == contact
        found = pair.api.ask("listBookings", "staff", query={"q": "אבג"})
        assert [each["bookingId"] for each in found["items"]] == [made["bookingId"]]
        reason = {"reason": text}
        ended = pair.api.ask("cancelBooking", "ben", reason, id=made["bookingId"])
        assert ended["statusReason"] == text

    await asyncio.to_thread(run)
