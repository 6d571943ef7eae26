"""`GET /openapi.json`: the document of this service."""

from __future__ import annotations

import asyncio
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from holdfast.openapi.document import Info, Rendered, document, render
from stream_gateway.operations import OPERATIONS, SERVICE, SNAPSHOTS, STREAMS
from stream_gateway.polling import matches

INFO = Info(
    title="Holdfast stream-gateway",
    words="""Every change of availability as Server-Sent Events: a snapshot first, or a replay from the
last event seen, then each event once and in order. What changes things is in the document of
command-api.

- **Errors** are problems (RFC 9457) with a `code`; switch on that, not on `detail`.
- A stream is never refused for its cursor: `event: reset` says that it starts anew.
- **HEAD** is answered wherever GET is. `X-Request-Id` is taken and given back.
- Members and events are only ever added; ignore those that you do not know.
""",
    tags={
        STREAMS: "Server-Sent Events.",
        SNAPSHOTS: "For those who come and go.",
        SERVICE: "For whoever runs it, and the pages.",
    },
)


@cache
def rendered() -> Rendered:
    """Made when it is first asked for: it takes a moment, and few ask."""
    return render(document(INFO, OPERATIONS))


async def read_document(request: Request) -> Response:
    """The document, or 304."""
    body, etag = await asyncio.to_thread(rendered)
    headers = {"etag": etag, "cache-control": "no-cache"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


DOCUMENT = Route("/openapi.json", read_document, methods=["GET"])
