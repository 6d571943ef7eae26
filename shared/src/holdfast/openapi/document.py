"""The document: OpenAPI 3.1 of one service, from its table of operations.

rendered = render(document(info, operations))
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations
from holdfast.openapi.parts import (
    HEADERS,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    SECURITY_SCHEMES,
    parameter,
    path_parameters,
    security,
    template,
)
from holdfast.openapi.problems import codes_of, problem_responses, problem_schemas
from holdfast.openapi.schemas import Json, ref, schemas_of

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class Info(NamedTuple):
    """What the document says of the service. `tags` by name, in the order that readers want."""

    title: str
    words: str
    tags: dict[str, str]
    version: str = "1.0.0"


class Rendered(NamedTuple):
    """The document as it goes out."""

    body: bytes
    etag: str


def document(info: Info, operations: Operations) -> Json:
    """`operations` in the order in which they are to be read."""
    paths: dict[str, Json] = {}
    types: set[type] = set()
    codes: set[Code] = set()
    for (method, path), operation in operations.items():
        item = paths.setdefault(template(path), {})
        if not item and (shared := path_parameters(path)):
            item["parameters"] = shared
        item[method.lower()] = _operation(method, path, operation)
        types |= _types(operation)
        codes |= codes_of(path, operation)
    said = msgspec.json.encode(paths).decode()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": info.title,
            "version": info.version,
            "description": info.words,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [{"name": name, "description": words} for name, words in info.tags.items()],
        "paths": paths,
        "components": {
            "schemas": dict(
                sorted({**schemas_of(_in_order(types)), **problem_schemas(codes)}.items())
            ),
            "headers": {
                name: {"description": words, "schema": schema}
                for name, (schema, words) in HEADERS.items()
                if f"#/components/headers/{name}" in said
            },
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def render(made: Json) -> Rendered:
    """As bytes, with their `ETag`."""
    body = msgspec.json.encode(made)
    return Rendered(body, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _operation(method: str, path: str, operation: Operation) -> Json:
    made: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": security(method, operation),
    }
    if words := _words(operation):
        made["description"] = words
    if parameters := _parameters(operation):
        made["parameters"] = parameters
    if operation.body is not None:
        made["requestBody"] = _body(operation.body)
    answers = {str(answer.status): _answer(answer, operation) for answer in operation.answers}
    if operation.conditional:
        names = ("ETag", "X-Request-Id")
        answers["304"] = {"description": "What the asker has is current.", "headers": _refs(names)}
    made["responses"] = answers | problem_responses(codes_of(path, operation), operation.facts)
    return made


def _words(operation: Operation) -> str:
    parts = [operation.words] if operation.words else []
    if operation.roles:
        parts.append(f"For {', '.join(role.value for role in operation.roles)}.")
    return "\n\n".join(parts)


def _parameters(operation: Operation) -> list[Json]:
    made = [parameter(given, "query") for given in operation.query]
    headers = [*operation.headers]
    if operation.keyed:
        headers.append(IDEMPOTENCY_KEY)
    elif operation.may_be_keyed:
        headers.append(replace(IDEMPOTENCY_KEY, required=False))
    if operation.conditional:
        headers.append(IF_NONE_MATCH)
    return made + [parameter(given, "header") for given in headers]


def _body(body: Body) -> Json:
    return {
        "required": not body.optional,
        "content": {JSON: {"schema": ref(body.type), "example": body.example}},
    }


def _answer(answer: Answer, operation: Operation) -> Json:
    names = ["X-Request-Id", *answer.headers]
    if operation.conditional:
        names.append("ETag")
    if operation.keyed or operation.may_be_keyed:
        names.append("Idempotent-Replayed")
    made: Json = {"description": answer.words, "headers": _refs(names)}
    if answer.events is not None:
        made["content"] = {EVENT_STREAM: {"schema": {"type": "string"}}}
        made["x-events"] = {name: _either(types) for name, types in answer.events.items()}
        return made
    schema = answer.schema or (_either(answer.types) if answer.types else None)
    if schema is not None:
        made["content"] = {JSON: {"schema": schema}}
        if answer.example is not None:
            made["content"][JSON]["example"] = _whole(answer)
    return made


def _either(types: tuple[type, ...]) -> Json:
    """The full form has all that the public form has, so that both may fit."""
    return ref(types[0]) if len(types) == 1 else {"anyOf": [ref(type_) for type_ in types]}


def _whole(answer: Answer) -> Any:
    """The example as it would go out, with what its type has by default."""
    type_ = answer.types[0]
    return msgspec.to_builtins(msgspec.convert(answer.example, type_))


def _refs(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _types(operation: Operation) -> set[type]:
    found: set[type] = {operation.body.type} if operation.body is not None else set()
    for answer in operation.answers:
        found.update(answer.types)
        for types in (answer.events or {}).values():
            found.update(types)
    return found


def _in_order(types: set[type]) -> list[Any]:
    return sorted(types, key=lambda type_: type_.__name__)
