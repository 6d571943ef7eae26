"""Query parameters and paths that make no sense: each is answered as documented, and never by a 500."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from random import Random

import pytest
import requests
from tests.e2e.openapi.conftest import Pair
from tests.support.conformity import Asked, Conformity

from holdfast.contracts.problems import PROBLEM_JSON

STRANGE = [
    "",
    " ",
    "x",
    "-1",
    "0",
    "1e3",
    "1e999",
    "NaN",
    "99999999999999999999",
    "٣",
    "२०२७-01-01",
    "2027-02-30",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "2027-03-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "true",
    "a\x00b",
    "a\nb",
    "🦊",
    "%",
    "%25",
    "'; drop table x; --",
    "x" * 5000,
    ",",
    "open,",
]
TOKENS = [
    b"abc",
    b"1",
    b"1.x",
    b".",
    b"9" * 15 + b".id",
    b"-1.id",
    b"1.a\x00",
    b"\xff",
    b"1.1.c:a:b:c",
]
PATHS = ["x", "x" * 65, "..%2F..", "%00", "%F0%9F%A6%8A", "%FF", "a%20b", "-1", "9" * 40, "%2525"]
SHARE = 0.2
"""Of all that could be asked."""


def queries(api: Conformity, operation: str, asked: Asked) -> Iterator[Asked]:
    for name in api.parameters(operation, "query"):
        values = list(STRANGE)
        if name == "pageToken":
            values += [base64.urlsafe_b64encode(token).decode() for token in TOKENS]
        for value in values:
            yield asked._replace(query={**asked.query, name: value})


def paths(api: Conformity, operation: str, asked: Asked) -> Iterator[Asked]:
    for name in api.parameters(operation, "path"):
        for value in PATHS:
            yield asked._replace(path={**asked.path, name: value})


def fault(api: Conformity, operation: str, answer: requests.Response) -> str:
    if answer.status_code in (200, 201):
        return ""
    if answer.headers.get("content-type") != PROBLEM_JSON:
        return f"{answer.status_code} {answer.text[:300]}"
    code = answer.json()["code"]
    known = api.documented(operation, answer.status_code)
    return "" if code in known and answer.status_code < 500 else f"{answer.status_code} {code}"


@pytest.mark.parametrize(
    "share", [pytest.param(SHARE, id="some"), pytest.param(1.0, id="all", marks=pytest.mark.soak)]
)
async def test_strange_queries_and_paths_are_answered_as_documented(
    pair: Pair, share: float
) -> None:
    chance = Random("the same each time")

    def run() -> list[str]:
        wrong = []
        for operation in pair.api:
            asked = pair.api.succeeded[operation]
            body = None if asked.body is None else json.dumps(asked.body).encode()
            asked_strangely = [
                *queries(pair.api, operation, asked),
                *paths(pair.api, operation, asked),
            ]
            for strange in asked_strangely:
                if chance.random() > share:
                    continue
                answer = pair.api.send(operation, body, strange)
                if said := fault(pair.api, operation, answer):
                    wrong.append(f"{operation} {answer.request.url}: {said}")
        return wrong

    assert await asyncio.to_thread(run) == []
