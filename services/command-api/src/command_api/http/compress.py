"""Gzip for answers that are worth it."""

from __future__ import annotations

import asyncio
import gzip

from command_api.http.answer import Answer
from command_api.http.call import Call

WORTH = 1400
"""Bytes: below, the answer fits one packet anyway."""
ASIDE = 64 * 1024
"""Bytes: above, another thread compresses, so that no hold waits for a map."""
LEVEL = 1
"""Sections repeat themselves: higher levels take several times as long for little."""


async def compressed(call: Call, answer: Answer) -> Answer:
    """The answer as the asker can take it; its headers say `Vary: Accept-Encoding` already."""
    accepted = call.header(b"accept-encoding")
    if accepted is None or len(answer.body) < WORTH or not takes_gzip(accepted):
        return answer
    if len(answer.body) > ASIDE:
        body = await asyncio.to_thread(gzip.compress, answer.body, LEVEL, mtime=0)
    else:
        body = gzip.compress(answer.body, LEVEL, mtime=0)
    return Answer(answer.status, body, (*answer.headers, (b"content-encoding", b"gzip")))


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding lets gzip through (RFC 9110 §12.5.3); a weight of 0 forbids it."""
    weights: dict[str, str] = {}
    for part in accepted.lower().replace(" ", "").split(","):
        coding, _, weight = part.partition(";q=")
        weights[coding] = weight
    weight = next((weights[name] for name in ("gzip", "x-gzip", "*") if name in weights), "0")
    return weight == "" or weight.strip("0.") != ""
