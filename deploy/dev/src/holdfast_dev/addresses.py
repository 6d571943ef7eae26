"""Which ports the services of a stack get, and who has a port that is taken."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from holdfast_dev.config import Config, Counts
from holdfast_dev.ports import PortTaken, ReservedPort

PATIENCE = 5.0  # seconds that the children of a killed stack may need to be gone
POLL = 0.05
LAST_PORT = 65_535
LISTENS = "0A"  # /proc/net/tcp, column st


class Addresses:
    """Ports reserved for as long as the stack lives, so that a service gets its own back.

    The first of each service is the one that was asked for; the others are the next free ones.
    """

    def __init__(self) -> None:
        self.command_apis: list[int] = []
        self.gateways: list[int] = []
        self._reserved: list[ReservedPort] = []

    async def take(self, config: Config, counts: Counts, *, after_crash: bool) -> None:
        """Raises PortTaken."""
        deadline = time.monotonic() + (PATIENCE if after_crash else 0)
        self.command_apis = [await self._first(config.command_api_port, deadline)]
        self.gateways = [await self._first(config.stream_gateway_port, deadline)]
        further = self._further(max(*self.command_apis, *self.gateways) + 1)
        self.command_apis += [next(further) for _ in range(counts.command_apis - 1)]
        self.gateways += [next(further) for _ in range(counts.gateways - 1)]

    def any(self) -> int:
        """One more port, whichever is free."""
        return self._reserve(None)

    def release(self) -> None:
        """Ends all reservations."""
        for port in self._reserved:
            port.release()
        self._reserved.clear()

    async def _first(self, wanted: int, deadline: float) -> int:
        while True:
            try:
                return self._reserve(wanted or None)
            except PortTaken:
                if time.monotonic() >= deadline:
                    raise
            await asyncio.sleep(POLL)

    def _further(self, start: int) -> Iterator[int]:
        for number in range(start, LAST_PORT + 1):
            with suppress(PortTaken):
                yield self._reserve(number)
        while True:
            yield self.any()

    def _reserve(self, wanted: int | None) -> int:
        # Two reservations of one port would both succeed: nobody listens yet.
        if wanted is not None and wanted in {port.number for port in self._reserved}:
            raise PortTaken(wanted)
        port = ReservedPort(wanted)
        port.take()
        self._reserved.append(port)
        return port.number


def free_ports(count: int, start: int) -> list[int]:
    """The next free ports from `start` on, at this moment."""
    found: list[int] = []
    for number in range(start, LAST_PORT + 1):
        port = ReservedPort(number)
        with suppress(PortTaken):
            port.take()
            port.release()
            found.append(number)
        if len(found) == count:
            break
    return found


def who_listens(port: int) -> str | None:
    """`process 123 (python -m http.server)`, where Linux lets us see it."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(str(fd.readlink()) in sockets for fd in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                command = b" ".join(words).decode(errors="replace")
                return f"process {process.name} ({command[:120]})"
    return None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    yield words[9]
