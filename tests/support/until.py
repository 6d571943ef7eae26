"""Wait for a condition instead of sleeping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool | Awaitable[bool]], timeout: float = 20) -> None:
    """Returns once `condition()` holds; raises TimeoutError after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        while True:
            answer = condition()
            if await answer if inspect.isawaitable(answer) else answer:
                return
            await asyncio.sleep(0.01)
