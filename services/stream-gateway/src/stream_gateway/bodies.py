"""Bodies: JSON that comes in, bounded and checked."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from holdfast.contracts.problems import Code
from stream_gateway.problems import Refusal, invalid_body

T = TypeVar("T")

_AT = re.compile(r"^(?P<message>.*?)(?: - at `\$?\.?(?P<path>.*)`)?$", re.DOTALL)


async def read_json(request: Request, decoder: msgspec.json.Decoder[T], *, limit: int) -> T:
    """The body, of at most `limit` bytes. Raises Refusal."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    body = await _bounded(request, limit)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        match = _AT.match(str(error))
        assert match is not None
        raise invalid_body(match["path"] or "", match["message"]) from None
    except (ValueError, RecursionError) as error:
        raise invalid_body("", f"the body is not JSON: {error}") from None


async def _bounded(request: Request, limit: int) -> bytes:
    body = bytearray()
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise _too_large(limit)
    except ClientDisconnect:
        raise invalid_body("", "the body did not come") from None
    return bytes(body)


def _too_large(limit: int) -> Refusal:
    return Refusal(Code.PAYLOAD_TOO_LARGE, f"a body has at most {limit} bytes here", max=limit)
