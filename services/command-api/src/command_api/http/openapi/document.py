"""`GET /openapi.json`: the document of this service."""

from __future__ import annotations

import asyncio
from functools import cache

from command_api.http.answer import JSON, Answer, Header, not_modified
from command_api.http.call import Call
from command_api.http.compress import compressed
from command_api.http.openapi import (
    availability,
    blocks,
    bookings,
    customers,
    elsewhere,
    holds,
    payments,
    reports,
    series,
    service,
    venues,
    waitlist,
)
from command_api.http.reading import matches
from holdfast.openapi.document import Info, Rendered, document, render
from holdfast.openapi.operation import Operations

INFO = Info(
    title="Holdfast command-api",
    words="""Takes holds, bookings and blocks, and says what is free. Streams are in the document of
stream-gateway.

- **Errors** are problems (RFC 9457) with a `code`; switch on that, not on `detail`.
- **`Idempotency-Key`** is required on POST: the same key and body get the same answer for 24 hours,
  with `Idempotent-Replayed: true`.
- **`version`** in an answer is the channel's after the change; it is the same number as in the stream.
- **Lists** take `limit` and `pageToken`, and answer `items` and `nextPageToken`.
- **HEAD** is answered wherever GET is. `X-Request-Id` is taken and given back.
- Members are only ever added; ignore those that you do not know. Requests must not have unknown ones.
""",
    tags={
        venues.TAG: "Clubs, venue definitions, layouts.",
        availability.TAG: "What is free.",
        holds.TAG: "Sections taken for a short while.",
        bookings.TAG: "From the request to the end of the night.",
        waitlist.TAG: "Who waits, and what they are offered.",
        elsewhere.TAG: "Bookings made elsewhere, and conflicts with those made here.",
        payments.TAG: "Signed events of payment providers.",
        blocks.TAG: "Sections out of sale.",
        reports.TAG: "Figures, and who changed what.",
        customers.TAG: "What one customer has.",
        service.TAG: "For whoever runs it.",
    },
)

OPERATIONS: Operations = {
    **venues.VENUES,
    **availability.AVAILABILITY,
    **holds.HOLDS,
    **bookings.BOOKINGS,
    **series.SERIES,
    **waitlist.WAITLIST,
    **elsewhere.ELSEWHERE,
    **payments.PAYMENTS,
    **blocks.BLOCKS,
    **reports.REPORTS,
    **customers.CUSTOMERS,
    **service.SERVICE,
}

_CACHING: tuple[Header, ...] = ((b"cache-control", b"no-cache"), (b"vary", b"Accept-Encoding"))


@cache
def rendered() -> Rendered:
    """Made when it is first asked for: it takes a moment, and few ask."""
    return render(document(INFO, OPERATIONS))


async def read_document(call: Call) -> Answer:
    body, etag = await asyncio.to_thread(rendered)
    headers = ((b"etag", etag.encode()), *_CACHING)
    if matches(call, etag):
        return not_modified(*headers)
    return await compressed(call, Answer(200, body, (JSON, *headers)))
