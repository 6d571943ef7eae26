"""Operations of the service itself."""

from __future__ import annotations

from typing import Any

from holdfast.openapi.operation import Access, Answer, Operation, Operations

TAG = "service"
_STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"type": "string"}},
    "required": ["status"],
}
_CHECKS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ready", "not ready"]},
        "checks": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    "required": ["status", "checks"],
}

SERVICE: Operations = {
    ("GET", "/openapi.json"): Operation(
        id="readDocument",
        tag=TAG,
        summary="Read this document",
        access=Access.OPEN,
        conditional=True,
        answers=(Answer(words="OpenAPI 3.1.", schema={"type": "object"}),),
    ),
    ("GET", "/livez"): Operation(
        id="livez",
        tag=TAG,
        summary="Whether the process answers",
        access=Access.OPEN,
        answers=(Answer(words="It does.", schema=_STATUS),),
    ),
    ("GET", "/readyz"): Operation(
        id="readyz",
        tag=TAG,
        summary="Whether all that is needed is there",
        access=Access.OPEN,
        answers=(
            Answer(words="It is.", schema=_CHECKS),
            Answer(status=503, words="It is not.", schema=_CHECKS),
        ),
    ),
}
