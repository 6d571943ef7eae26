"""Both services answer as their documents say, whoever asks and whatever is asked."""

from __future__ import annotations

import asyncio

from tests.e2e.openapi.conftest import Pair

EXAMPLES = 12
"""Of each operation, each by three askers."""
MANY = 400
STREAMS = {"streamAvailability", "streamChannels"}


async def test_every_operation_has_been_carried_out(pair: Pair) -> None:
    never = [each for each in pair.api if not any(s < 300 for s in pair.api.reached[each])]
    assert never == []


async def test_command_api_answers_as_documented(pair: Pair) -> None:
    for operation in pair.api:
        await asyncio.to_thread(pair.api.fuzz, operation, EXAMPLES)


async def test_the_gateway_answers_as_documented(pair: Pair) -> None:
    for operation in set(pair.gateway) - STREAMS:
        await asyncio.to_thread(pair.gateway.fuzz, operation, EXAMPLES)
