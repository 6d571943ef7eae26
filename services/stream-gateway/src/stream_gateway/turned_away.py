"""Turned away: the answers to those who get no stream now.

An EventSource gives up for good on an error and comes back at once after a stream that ends. So it
gets a stream, with when to come back in it, why in a comment or an event, and its end.
"""

from __future__ import annotations

import random

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from holdfast.contracts.events import Reauth, SseEvent
from holdfast.contracts.problems import Code
from stream_gateway import frames
from stream_gateway.limits import Reason
from stream_gateway.problems import Refusal

EVENT_STREAM = "text/event-stream"
STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "vary": "Accept-Encoding",
}
Span = tuple[float, float]
"""Seconds, from and to."""
ELSEWHERE: Span = (1.0, 3.0)
"""Another gateway has room for them."""
LATER: Span = (5.0, 15.0)
"""Something is on its way."""
MUCH_LATER: Span = (30.0, 90.0)
"""Nothing changes soon. 50,000 clients that are told this come 830 times a second, which takes about a
fifth of a core; told to come within 3 s they would take all of it, from those who are served."""
SPANS = {Reason.DRAINING: ELSEWHERE, Reason.UNAVAILABLE: LATER}


def turned_away(request: Request, reason: Reason, words: str) -> Response:
    """For now. Raises Refusal for those who do not ask for an event stream."""
    seconds = random.uniform(*SPANS.get(reason, MUCH_LATER))
    if EVENT_STREAM not in request.headers.get("accept", ""):
        raise Refusal(Code.UNAVAILABLE, words, retry_after=seconds)
    return _last_words(frames.encode(comment=words, retry=round(seconds * 1000)))


def reauthenticate(reason: str) -> Response:
    """Until they have a new ticket or token."""
    retry = round(random.uniform(*MUCH_LATER) * 1000)
    data = msgspec.json.encode(Reauth(reason=reason)).decode()
    return _last_words(frames.encode(retry=retry) + frames.encode(SseEvent.REAUTH, data))


def _last_words(body: bytes) -> Response:
    return Response(body, headers={**STREAM_HEADERS, "connection": "close"})
