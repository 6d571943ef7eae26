"""Attempts: what a request is about may move, end or be paid between the look-up and the decision. Then it
is looked up again, after a pause that grows; what changes faster than that is Unavailable, not absent."""

from __future__ import annotations

import asyncio

ATTEMPTS = 6
_PAUSE_SECONDS = 0.02


async def pause_before(attempt: int) -> None:
    """`attempt` counts from 0, which comes at once."""
    if attempt:
        await asyncio.sleep(_PAUSE_SECONDS * attempt)
