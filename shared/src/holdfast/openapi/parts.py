"""Parts that operations share: path parameters, headers, ways to show who one is."""

from __future__ import annotations

import re
from typing import Annotated, Any

from msgspec import Meta

from holdfast.contracts.ids import Id
from holdfast.openapi.operation import Access, Operation, Parameter
from holdfast.openapi.schemas import Json, schema_of

MAX_KEY = 200

IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    Annotated[str, Meta(min_length=1, max_length=MAX_KEY, pattern=r"^[!-~]([ -~]*[!-~])?$")],
    "A new one for each action, the same one to send it again: the same answer comes for 24 hours, "
    "and the action is carried out once.",
    required=True,
    example="4f1c9a52-hold-table-5",
)
IF_NONE_MATCH = Parameter(
    "If-None-Match", str, "The `ETag` that the asker has; answered by 304 while it is current."
)

_PATH_WORDS = {
    "club": ("The tenant.", "backroom"),
    "venue": ("A venue of the club.", "leeds"),
    "id": ("The object's id, as the answer that made it said.", "hld_0198c1d3f2a5b6c7d8e9f0a1b2c"),
    "layoutVersion": ("`layoutVersion` of a venue or a snapshot.", 3),
}
_NUMBERS = {"layoutVersion": Annotated[int, Meta(ge=0, le=10**18 - 1)]}
_IN_PATH = re.compile(r"{(\w+)}")

HEADERS: dict[str, tuple[Json, str]] = {
    "X-Request-Id": ({"type": "string"}, "The asker's own, or a new one; problems name it too."),
    "ETag": ({"type": "string"}, "For `If-None-Match`, and for `If-Match` where that is taken."),
    "Location": ({"type": "string"}, "The path of what was made."),
    "Retry-After": ({"type": "integer", "minimum": 0}, "Seconds."),
    "Idempotent-Replayed": (
        {"const": "true", "type": "string"},
        "There where the answer is of an earlier request with this key.",
    ),
    "WWW-Authenticate": ({"type": "string"}, "How to show who one is (RFC 6750)."),
    "Cache-Control": ({"type": "string"}, "Who may keep it, and for how long."),
}

SECURITY_SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "HS256; claims `iss`, `aud`, `sub`, `exp`, `role`, and `club` for all roles "
        "but customers and the platform's admins.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "holdfast_token",
        "description": "The same token, for GET only.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "From `POST /v1/stream-tickets`, for an EventSource.",
    },
}


def template(path: str) -> str:
    """The path as documents write it: `{layout_version}` is `{layoutVersion}` there."""
    return _IN_PATH.sub(lambda match: "{" + _camel(match[1]) + "}", path)


def path_parameters(path: str) -> list[Json]:
    """Of a path as the router has it."""
    found = []
    for name in map(_camel, _IN_PATH.findall(path)):
        words, example = _PATH_WORDS[name]
        schema = dict(schema_of(_NUMBERS.get(name, Id)))
        schema.pop("description", None)
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": words,
                "schema": schema,
                "example": example,
            }
        )
    return found


def parameter(given: Parameter, where: str) -> Json:
    """A query parameter or header."""
    schema: Any = schema_of(given.type)
    made: Json = {
        "name": given.name,
        "in": where,
        "description": given.words,
        "schema": {"type": "array", "items": schema, "minItems": 1} if given.many else schema,
    }
    if given.required:
        made["required"] = True
    if given.many:
        made |= {"style": "form", "explode": True}
    if given.example is not None:
        made["example"] = [given.example] if given.many else given.example
    return made


def security(method: str, operation: Operation) -> list[Json]:
    """What of `SECURITY_SCHEMES` does, each alone; an empty one means nobody needs to say."""
    bearer: list[Json] = [{"bearer": []}]
    either = [*bearer, {"cookie": []}] if method == "GET" else bearer
    match operation.access:
        case Access.OPEN | Access.SIGNED:
            return []
        case Access.READERS:
            return [*either, {}]
        case Access.STREAM:
            return [*either, {"ticket": []}, {}]
        case Access.TOKEN:
            return either
        case Access.BEARER:
            return bearer


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
