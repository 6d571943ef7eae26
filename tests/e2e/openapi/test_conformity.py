"""Both services answer as their documents say, whoever asks and whatever is asked."""

from __future__ import annotations

import asyncio

import pytest
from tests.e2e.openapi.conftest import Pair
from tests.support.conformity import Conformity

EXAMPLES = 6
"""Of each operation, each by three askers."""
MANY = 200
STREAMS = {"streamAvailability", "streamChannels"}
"""They do not end: `test_streams.py` reads them."""


async def fuzz(service: Conformity, examples: int, *, whole: bool = False) -> None:
    """All operations, though one of them is at fault."""
    faults = []
    for operation in service:
        if operation not in STREAMS:
            try:
                await asyncio.to_thread(service.fuzz, operation, examples, whole=whole)
            except Exception as error:  # noqa: BLE001 - each is told
                faults.append(error)
    if faults:
        raise ExceptionGroup("not as documented", faults)


async def test_every_operation_has_been_carried_out(pair: Pair) -> None:
    """So that the others do not only ask for what is not there."""
    never = [each for each in pair.api if not any(s < 300 for s in pair.api.reached[each])]
    assert never == []


@pytest.mark.timeout(300)
async def test_command_api_answers_as_documented(pair: Pair) -> None:
    await fuzz(pair.api, EXAMPLES)


async def test_the_gateway_answers_as_documented(pair: Pair) -> None:
    await fuzz(pair.gateway, EXAMPLES)


@pytest.mark.soak
async def test_both_answer_as_documented_whatever_is_asked(pair: Pair) -> None:
    await fuzz(pair.api, MANY, whole=True)
    await fuzz(pair.gateway, MANY, whole=True)
