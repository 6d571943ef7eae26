"""The OpenAPI document of command-api: complete, valid, and served to everybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.openapi import check_codes, check_examples, check_valid, operations_in
from tests.unit.http.stub import Desk

from command_api.http.app import RESOURCES
from command_api.http.openapi.document import OPERATIONS, rendered


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(rendered().body)
    return document


def test_every_route_has_an_operation_and_every_operation_a_route() -> None:
    routes = {(method, path) for path, methods in RESOURCES.items() for method in methods}
    assert set(OPERATIONS) == routes


def test_it_is_valid(made: dict[str, Any]) -> None:
    check_valid(made)


def test_codes_are_of_the_closed_list_and_stand_under_their_status(made: dict[str, Any]) -> None:
    check_codes(made)


def test_examples_are_taken_by_the_contract_types(made: dict[str, Any]) -> None:
    check_examples(made, OPERATIONS)


def test_what_changes_something_asks_for_a_key(made: dict[str, Any]) -> None:
    without = {
        operation["operationId"]
        for _, method, operation in operations_in(made)
        if method == "post"
        and not any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    }
    assert without <= {"takePaymentEvent", "makeGuestSession"}


def test_cookies_do_for_get_only(made: dict[str, Any]) -> None:
    for _, method, operation in operations_in(made):
        ways = [name for way in operation["security"] for name in way]
        assert ("cookie" in ways) <= (method == "get"), operation["operationId"]


async def test_it_is_served_to_everybody(desk: Desk, made: dict[str, Any]) -> None:
    answer = await desk.http.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == made
    again = await desk.http.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await desk.http.get("/openapi.json", headers={"accept-encoding": "identity"})
    assert plain.content == rendered().body
