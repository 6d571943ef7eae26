"""Keeps one part of the stack running: it is started again when it ends, but not for ever."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol

from holdfast_dev.child import ChildFailed, ending

SHORT_TIME = 30.0  # seconds between two ends that mean: it will not hold
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
LONG_TIME = 600.0  # after so long in peace the pause is the first one again


class Part(Protocol):
    """A child of the stack."""

    @property
    def name(self) -> str: ...

    @property
    def lines(self) -> list[str]:
        """The last lines it wrote."""
        ...

    async def start(self) -> None:
        """Starts it, until it is ready; raises ChildFailed."""
        ...

    async def wait(self) -> int:
        """Waits for its end."""
        ...

    async def stop(self) -> None:
        """Stops it in order."""
        ...


async def keep(
    part: Part, tell: Callable[[str], None], now: Callable[[], float] = time.monotonic
) -> None:
    """Starts `part` again each time that it ends, a little later each time.

    Returns never; raises ChildFailed when it ends twice in a short time or does not start again.
    """
    last, pause = -math.inf, FIRST_PAUSE
    while True:
        status = await part.wait()
        peace = now() - last
        if peace < SHORT_TIME:
            raise ChildFailed(
                part.name, f"ended twice in a short time: {ending(status)}", part.lines
            )
        last = now()
        if peace > LONG_TIME:
            pause = FIRST_PAUSE
        tell(f"{part.name} ended ({ending(status)}); starting it again")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
        await part.start()
        tell(f"{part.name} is back")
