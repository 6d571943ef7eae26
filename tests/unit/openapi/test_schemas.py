"""Schemas of the contract types."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from jsonschema import Draft202012Validator

from holdfast.contracts.facts import PROBLEMS, SectionNotAvailable, problem_type
from holdfast.contracts.holds import Hold, HoldRequest
from holdfast.contracts.problems import Code, Problem
from holdfast.contracts.snapshots import Capacity, StaffSnapshot
from holdfast.contracts.states import HoldStatus
from holdfast.openapi.problems import problem_responses, problem_schemas
from holdfast.openapi.schemas import schemas_of


def one(type_: type) -> dict[str, Any]:
    return schemas_of([type_])[type_.__name__]


def test_what_is_sent_has_all_members_and_what_comes_in_only_those_without_a_default() -> None:
    assert "bookingId" in one(Hold)["required"]
    assert one(HoldRequest)["required"] == ["date", "slotId"]
    assert one(HoldRequest)["additionalProperties"] is False
    assert "additionalProperties" not in one(Hold)


def test_members_that_may_be_left_out_are_not_required() -> None:
    assert "partial" not in one(StaffSnapshot)["required"]
    assert one(Capacity)["required"] == ["total", "available"]


def test_the_words_of_the_sources_describe_types_members_and_values() -> None:
    assert one(HoldRequest)["description"].startswith("Body of `POST")
    assert "maxTtlSeconds" in one(HoldRequest)["properties"]["ttlSeconds"]["description"]
    assert "dry run" in one(HoldStatus)["description"]
    assert "\n    " not in one(Hold)["description"]


def test_values_come_in_the_order_of_the_states() -> None:
    assert one(HoldStatus)["enum"][:2] == ["active", "confirmed"]


def test_types_without_words_take_none_from_python() -> None:
    class Plain(StrEnum):
        ONE = "one"

    assert "description" not in schemas_of([Plain])["Plain"]


def test_a_problem_of_each_code_fits_the_schema_of_its_status_and_no_other_code_does() -> None:
    responses = problem_responses(list(Code))
    components = {"schemas": problem_schemas(list(Code))}
    bodies = {code: problem_of(code) for code in Code}
    for status, response in responses.items():
        schema = response["content"]["application/problem+json"]["schema"]
        check = Draft202012Validator({**schema, "components": components})
        for code, body in bodies.items():
            of_status = code.value in schema["properties"]["code"]["enum"]
            assert check.is_valid(body) is of_status, (status, code)


def test_the_facts_of_a_code_are_required_by_its_schema() -> None:
    components = {"schemas": problem_schemas([Code.SECTION_NOT_AVAILABLE])}
    assert set(components["schemas"]) >= {"Problem", "SectionNotAvailable", "Alternative"}
    (response,) = problem_responses([Code.SECTION_NOT_AVAILABLE]).values()
    schema = response["content"]["application/problem+json"]["schema"]
    check = Draft202012Validator({**schema, "components": components})
    body = problem_of(Code.SECTION_NOT_AVAILABLE)
    assert check.is_valid(body)
    del body["conflictingSections"]
    assert not check.is_valid(body)


def test_codes_without_facts_are_plain_problems() -> None:
    assert problem_type(Code.HOLD_EXPIRED) is Problem
    assert problem_type(Code.SECTION_NOT_AVAILABLE) is SectionNotAvailable
    assert Code.HOLD_EXPIRED not in PROBLEMS


def problem_of(code: Code) -> dict[str, Any]:
    """One with the facts that its type requires."""
    facts: dict[str, Any] = {
        "errors": [],
        "depositAmount": 1,
        "currency": "GBP",
        "refundDue": 1,
        "sectionIds": [],
        "conflictingSections": [],
        "sectionId": "t",
        "requested": 2,
        "available": 1,
        "holdIds": [],
        "currentStatus": "released",
        "version": 1,
        "max": 1,
        "min": 1,
        "current": 1,
    }
    head = {
        "type": "urn:x",
        "title": "",
        "status": 400,
        "detail": "",
        "code": code.value,
        "requestId": "r",
    }
    required = schemas_of([problem_type(code)])[problem_type(code).__name__]["required"]
    return head | {name: facts[name] for name in required if name in facts}
