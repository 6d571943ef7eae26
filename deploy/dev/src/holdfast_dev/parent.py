"""The `make` that started us: when it is told to end, so are we.

GNU make hands SIGTERM on, but not SIGINT: it counts on a terminal that sends it to everybody, and
waits for us. Where SIGINT came to make alone, from a script or a supervisor, both would wait for
ever. While make waits in its handler it holds SIGINT back, and Linux lets us see that.
"""

import asyncio
import os
import signal
from pathlib import Path

POLL = 0.25  # seconds
MAKES = ("make", "gmake")


async def make_is_ending() -> None:
    """Returns when the make above us was interrupted or is gone; never where there is none."""
    parent = os.getppid()
    if _status(parent).get("Name") not in MAKES:
        await asyncio.Event().wait()
    in_a_row = 0
    while os.getppid() == parent and in_a_row < 2:
        # Make holds signals back for a moment, too, when it starts a child: once is not enough.
        in_a_row = in_a_row + 1 if _holds_back(parent, signal.SIGINT) else 0
        await asyncio.sleep(POLL)


def _holds_back(pid: int, number: signal.Signals) -> bool:
    return bool(int(_status(pid).get("SigBlk", "0"), 16) >> (number - 1) & 1)


def _status(pid: int) -> dict[str, str]:
    """proc(5), /proc/pid/status; empty where there is none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
