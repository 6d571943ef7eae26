"""Problems of an operation, by status: which codes it may answer, and with which facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from holdfast.contracts.facts import PROBLEMS, problem_type
from holdfast.contracts.problems import PROBLEM_JSON, STATUS, Code, Problem
from holdfast.openapi.operation import Access, Operation
from holdfast.openapi.schemas import Json, ref, schema_of, schemas_of

_WORDS = {
    400: "The request cannot be read.",
    401: "Nobody, or nobody good, says who asks.",
    402: "Something is to be paid first.",
    403: "Not for this asker.",
    404: "It is not there, or not for this asker to know of.",
    405: "Not here.",
    409: "The state of things is against it.",
    410: "Its time is over.",
    412: "It was changed meanwhile.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "It is against the venue's rules.",
    428: "Say which revision is to be changed.",
    429: "Too often.",
    500: "Something went wrong on our side.",
    503: "Not at the moment; send it again.",
}
_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def codes_of(path: str, operation: Operation) -> set[Code]:
    """The operation's own codes, and those that its path, body, key and access imply."""
    codes = set(operation.codes)
    if path.startswith("/v1"):
        codes |= {Code.INTERNAL, Code.UNAVAILABLE}
    if "{" in path:
        # An id with a `/` in it is a path of its own, which is nobody's.
        codes.add(Code.NOT_FOUND)
    if operation.access is not Access.OPEN:
        codes.add(Code.UNAUTHENTICATED)
        if "{club}" in path:
            codes.add(Code.CLUB_NOT_FOUND)
    if "{venue}" in path:
        codes.add(Code.VENUE_NOT_FOUND)
    if operation.roles:
        codes.add(Code.ACTION_NOT_PERMITTED)
    takes_key = operation.keyed or operation.may_be_keyed
    if operation.query or operation.headers or operation.body or takes_key:
        codes.add(Code.VALIDATION_FAILED)
    if operation.body is not None:
        codes |= {Code.PAYLOAD_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE}
    if operation.keyed:
        codes.add(Code.IDEMPOTENCY_KEY_REQUIRED)
    if takes_key:
        codes |= {Code.IDEMPOTENCY_KEY_REUSED, Code.IDEMPOTENCY_IN_PROGRESS}
    return codes


def problem_responses(
    codes: Iterable[Code], facts: dict[str, Any] | None = None
) -> dict[str, Json]:
    """A response for each status that these codes have. `facts`: types of more members."""
    more = {name: schema_of(type_) for name, type_ in (facts or {}).items()}
    grouped: dict[int, list[Code]] = {}
    for code in Code:
        if code in set(codes):
            grouped.setdefault(STATUS[code], []).append(code)
    return {str(status): _response(status, of, more) for status, of in sorted(grouped.items())}


def problem_schemas(codes: Iterable[Code]) -> dict[str, Json]:
    """The components that `problem_responses` refers to."""
    schemas = schemas_of([Problem, *(problem_type(code) for code in codes)])
    for code, type_ in PROBLEMS.items():
        if type_.__name__ in schemas:
            schemas[type_.__name__]["properties"]["code"] = {"type": "string", "const": code.value}
    return schemas


def _response(status: int, codes: list[Code], more: Json) -> Json:
    names = ("X-Request-Id", *_HEADERS.get(status, ()))
    if Code.IDEMPOTENCY_IN_PROGRESS in codes:
        told = "It has `Retry-After` with `IDEMPOTENCY_IN_PROGRESS`."
    else:
        told = ""
    listed = ", ".join(f"`{code.value}`" for code in codes)
    return {
        "description": f"{_WORDS[status]} {listed}. {told}".strip(),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {PROBLEM_JSON: {"schema": _schema(codes, more)}},
    }


def _schema(codes: list[Code], more: Json) -> Json:
    """One shape for each code with facts, one for all the others; told apart by `code`."""
    plain = [code for code in codes if code not in PROBLEMS]
    shapes = [ref(PROBLEMS[code]) for code in codes if code in PROBLEMS]
    if plain:
        shapes.append({**ref(Problem), "properties": {"code": _one_of(plain)}})
    properties = {"properties": {"code": _one_of(codes), **more}}
    if len(shapes) == 1:
        return {**shapes[0], **properties}
    return {"type": "object", **properties, "oneOf": shapes}


def _one_of(codes: list[Code]) -> Json:
    return {"type": "string", "enum": [code.value for code in codes]}
