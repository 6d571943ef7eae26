"""Streams: each event is what the document says of it, and each refusal is documented."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from jsonschema import Draft202012Validator
from tests.e2e.openapi.conftest import Pair
from tests.e2e.openapi.floor import ASKERS, LATE, NIGHT, SLOT, definition
from tests.support.conformity import Json
from tests.support.openapi import validator
from tests.support.sse import Event, open_stream

STREAM = "/v1/clubs/{club}/venues/{venue}/availability/stream"
CHANNEL = f"availability:backroom:leeds:{NIGHT}:{LATE}"
SMALL = f"availability:backroom:small:{NIGHT}:{SLOT}"
ANN = "customer:backroom:ann"


def checks(pair: Pair) -> dict[str, Draft202012Validator]:
    """By event, as the operation lists them."""
    answer = pair.streams["paths"]["/v1/stream"]["get"]["responses"]["200"]
    return {name: validator(pair.streams, schema) for name, schema in answer["x-events"].items()}


async def follow(pair: Pair, by: str, query: list[tuple[str, str]], wanted: set[str]) -> set[str]:
    """The names of the events until all that are wanted have come; each fits its schema."""
    known, seen = checks(pair), set()
    stream = await open_stream(f"{pair.gateway.url}/v1/stream?{urlencode(query)}", ASKERS[by])
    try:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        async with asyncio.timeout(20):
            async for event in stream:
                check_event(known, event)
                seen.add(event.name)
                if event.name == "snapshot" and "availability.updated" in wanted:
                    await asyncio.to_thread(change, pair)
                if seen >= wanted:
                    break
    finally:
        stream.abort()
    return seen


def check_event(known: dict[str, Draft202012Validator], event: Event) -> None:
    assert event.name in known, event.name
    errors = [error.message for error in known[event.name].iter_errors(event.data)]
    assert errors == [], event


def change(pair: Pair) -> None:
    """Something for each who watches."""
    body = {"date": NIGHT, "slotId": LATE, "sectionIds": ["bar"]}
    pair.api.ask("makeHold", "ann", body, expect=201)
    revision = pair.api.ask("readVenue", "manager", venue="small")["revision"]
    small = definition(maxActiveHoldsPerCustomer=100 + revision)
    small["sections"] = [{"sectionId": f"w{n}", "kind": "table"} for n in range(4 + revision)]
    pair.api.ask("putVenue", "manager", small, headers={"If-Match": f'"{revision}"'}, venue="small")


async def test_each_event_is_as_documented(pair: Pair) -> None:
    both = [("channel", CHANNEL), ("channel", SMALL)]
    everybody = {"snapshot", "availability.updated", "layout.updated", "checkpoint"}
    seen = await follow(pair, "nobody", both, everybody)
    private = [*both, ("channel", ANN)]
    seen |= await follow(pair, "ann", private, {*everybody, "customer.updated"})
    seen |= await follow(pair, "manager", private, {*everybody, "viewers"})
    seen |= await follow(pair, "nobody", [*both, ("cursor", "nonsense")], {"reset", "snapshot"})
    seen |= await follow(pair, "nobody", [*both, ("ticket", "nonsense")], {"reauth"})
    assert seen == set(checks(pair))


GOOD: dict[str, str] = {"date": NIGHT, "slotId": SLOT}
REFUSED: list[tuple[str, str, Any]] = [
    ("nobody", STREAM, {}),
    ("nobody", STREAM, {**GOOD, "date": "2027-02-30"}),
    ("nobody", STREAM, {**GOOD, "slotId": "no such"}),
    ("nobody", STREAM, {**GOOD, "slotId": "no_such"}),
    ("nobody", STREAM, {**GOOD, "days": "0"}),
    ("nobody", STREAM, {**GOOD, "days": "65"}),
    ("nobody", STREAM, {**GOOD, "date": "9999-12-31", "days": "2"}),
    ("nobody", STREAM, {**GOOD, "date": "2000-01-01"}),
    ("nobody", STREAM, {**GOOD, "snapshot": "all"}),
    ("nobody", STREAM, {**GOOD, "x": "x" * 30_000}),
    ("nobody", STREAM.replace("{venue}", "no_such"), GOOD),
    ("nobody", STREAM.replace("{venue}", "a%2Fb"), GOOD),
    ("nobody", STREAM.replace("{club}", "%00"), GOOD),
    ("elsewhere", STREAM, GOOD),
    ("nobody", "/v1/stream", {}),
    ("nobody", "/v1/stream", {"channel": "nonsense"}),
    ("nobody", "/v1/stream", {"channel": ANN}),
    ("nobody", "/v1/stream", {"channel": [CHANNEL, SMALL], "after": "1"}),
    ("nobody", "/v1/stream", {"channel": f"availability:backroom:leeds:{NIGHT}:no"}),
    ("nobody", "/v1/stream", {"channel": f"availability:backroom:no:{NIGHT}:{SLOT}"}),
    ("nobody", "/v1/stream", {"channel": [f"customer:c:{n}" for n in range(65)]}),
    ("ben", "/v1/stream", {"channel": ANN}),
    ("elsewhere", "/v1/stream", {"channel": CHANNEL}),
    ("ann", "/v1/stream", {"channel": CHANNEL, "ticket": "x"}),
]


@pytest.mark.parametrize(("by", "path", "query"), REFUSED)
async def test_each_refusal_is_documented(pair: Pair, by: str, path: str, query: Any) -> None:
    where = path.replace("{club}", "backroom").replace("{venue}", "leeds")
    headers = {**ASKERS[by], "accept": "application/json"}
    async with (
        httpx.AsyncClient(base_url=pair.gateway.url) as http,
        http.stream("GET", where, params=query, headers=headers) as answer,
    ):
        assert answer.status_code >= 400
        problem = json.loads(await answer.aread())
    template = STREAM if path.endswith("/stream") and "clubs" in path else path
    check_problem(pair.streams, template, answer, problem)


def check_problem(document: Json, template: str, answer: httpx.Response, problem: Json) -> None:
    documented = document["paths"][template]["get"]["responses"][str(answer.status_code)]
    content = documented["content"][answer.headers["content-type"]]
    errors = [
        error.message for error in validator(document, content["schema"]).iter_errors(problem)
    ]
    assert errors == [], problem
    for name in documented["headers"]:
        assert name.lower() in answer.headers, name
