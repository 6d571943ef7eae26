"""Cancellation of calls of nats-py, which swallow it where it meets their flush."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.runtime.nats import cancellable


async def swallowing(after: Exception | None = None) -> str:
    try:
        await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        if after is not None:
            raise after from None
    return "an answer"


async def test_is_heeded_though_the_call_swallows_it() -> None:
    for error in (None, ValueError("later")):
        task = asyncio.create_task(cancellable(swallowing(error)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_time_limit_around_it_holds() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await cancellable(swallowing())


async def test_works_in_the_cleanup_of_a_cancelled_task() -> None:
    answers: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            answers.append(await cancellable(swallowing()))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert answers == ["an answer"]
