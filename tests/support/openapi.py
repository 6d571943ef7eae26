"""What holds for the OpenAPI document of either service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from holdfast.contracts.problems import PROBLEM_JSON, STATUS, Code
from holdfast.openapi.operation import Operations

Json = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")


def operations_in(document: Json) -> Iterator[tuple[str, str, Json]]:
    """(path, method, operation) of each."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def validator(document: Json, schema: Json) -> Draft202012Validator:
    """Of a schema that may refer to the document's components."""
    return Draft202012Validator({**schema, "components": document["components"]})


def check_valid(document: Json) -> None:
    """OpenAPI 3.1 says so, and so do the names within it."""
    errors = [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert errors == []
    ids = Counter(operation["operationId"] for _, _, operation in operations_in(document))
    assert {id_ for id_, times in ids.items() if times > 1} == set()
    told = {tag["name"] for tag in document["tags"]}
    assert {tag for _, _, each in operations_in(document) for tag in each["tags"]} == told


def check_codes(document: Json) -> None:
    """Every code is of the closed list, under its own status, and only there."""
    for path, method, operation in operations_in(document):
        for status, answer in operation["responses"].items():
            problem = answer.get("content", {}).get(PROBLEM_JSON)
            if problem is None:
                continue
            codes = problem["schema"]["properties"]["code"]["enum"]
            assert codes, (method, path, status)
            assert {STATUS[Code(code)] for code in codes} == {int(status)}, (method, path, codes)


def check_examples(document: Json, operations: Operations) -> None:
    """Examples are what the contract types take, and what the schemas say."""
    for (method, path), operation in operations.items():
        if operation.body is not None:
            text = json.dumps(operation.body.example)
            msgspec.json.decode(text, type=operation.body.type)
        for answer in operation.answers:
            if answer.example is not None and answer.types:
                msgspec.json.decode(json.dumps(answer.example), type=answer.types[0])
        assert operation.body is None or operation.body.example is not None, (method, path)
    for _, _, made in operations_in(document):
        for content in _contents(made):
            if "example" in content:
                validator(document, content["schema"]).validate(content["example"])


def _contents(operation: Json) -> Iterator[Json]:
    yield from operation.get("parameters", ())
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for answer in operation["responses"].values():
        yield from answer.get("content", {}).values()
