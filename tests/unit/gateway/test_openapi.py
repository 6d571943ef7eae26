"""The OpenAPI document of the gateway: complete and valid."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.routing import Route
from tests.support.openapi import check_codes, check_examples, check_valid, operations_in

from holdfast.contracts.events import SseEvent
from stream_gateway.app import Gateway
from stream_gateway.config import Config
from stream_gateway.document import rendered
from stream_gateway.operations import OPERATIONS


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(rendered().body)
    return document


async def test_every_route_has_an_operation_and_every_operation_a_route() -> None:
    gateway = Gateway(Config(jwt_secret="x" * 32, stream_gateway_port=0))
    await gateway.start()
    try:
        routes = {
            (method, route.path)
            for route in gateway.public_routes()
            if isinstance(route, Route)
            # What has no methods of its own is read; the others are there to refuse.
            for method in (route.methods or {"GET"}) - {"HEAD"}
            if "wrong" not in route.name
        }
    finally:
        await gateway.stop()
    assert routes == set(OPERATIONS)


def test_it_is_valid(made: dict[str, Any]) -> None:
    check_valid(made)


def test_codes_are_of_the_closed_list_and_stand_under_their_status(made: dict[str, Any]) -> None:
    check_codes(made)


def test_examples_are_taken_by_the_contract_types(made: dict[str, Any]) -> None:
    check_examples(made, OPERATIONS)


def test_streams_name_the_types_of_all_their_events(made: dict[str, Any]) -> None:
    streams = [
        answer
        for _, _, operation in operations_in(made)
        for answer in operation["responses"].values()
        if "text/event-stream" in answer.get("content", {})
    ]
    assert len(streams) == 2
    for stream in streams:
        assert set(stream["x-events"]) == {event.value for event in SseEvent}
    assert "AvailabilityUpdated" in made["components"]["schemas"]
