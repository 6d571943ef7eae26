"""Answers: status, headers, body, sent as two ASGI messages without a response class in between."""

from __future__ import annotations

import msgspec
from starlette.types import Send

Header = tuple[bytes, bytes]

_encode = msgspec.json.Encoder().encode
JSON: Header = (b"content-type", b"application/json")
NO_STORE: Header = (b"cache-control", b"no-store")
_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")


class Answer:
    """What a handler gives back. The body is JSON unless the headers name another type."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, status: int, body: bytes, headers: tuple[Header, ...] = (JSON, NO_STORE)
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    async def send(self, send: Send, request_id: str) -> None:
        headers = [*self.headers, _NOSNIFF, (b"x-request-id", request_id.encode())]
        if self.status != 304:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def json_answer(value: object, *headers: Header, status: int = 200) -> Answer:
    """`value` as JSON, not to be stored by caches unless `headers` say otherwise."""
    caching = () if any(name == b"cache-control" for name, _ in headers) else (NO_STORE,)
    return Answer(status, _encode(value), (JSON, *caching, *headers))


def not_modified(*headers: Header) -> Answer:
    """304: what the asker has is current."""
    return Answer(304, b"", headers)
