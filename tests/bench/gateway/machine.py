"""The machine under a measurement: which core runs what, and what a process has used."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

OUTPUT = Path(__file__).resolve().parents[3] / ".cache" / "bench"
"""Where curves and figures of the last runs are; git ignores it."""


class Cores(NamedTuple):
    """One core for the server, another for all the rest; None where nothing can be pinned."""

    server: int | None
    load: int | None

    def __str__(self) -> str:
        if self.server is None:
            return "nothing is pinned: one core, or a system that cannot"
        return (
            f"core {self.server}: the server under test. Core {self.load}: NATS, publisher, clients"
        )


def cores() -> Cores:
    """The last core we may use for the server (the first one often takes the interrupts)."""
    if not hasattr(os, "sched_setaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[-1], allowed[0]) if len(allowed) > 1 else Cores(None, None)


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started inside inherits the core."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_open_files(wanted: int = 65_536) -> int:
    """Allow as many open files as we need, or as we may; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(wanted, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(wanted, soft), limit), limit))
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of all threads of these processes. As `utime + stime` of /proc/PID/stat,
    but to the nanosecond: the process's CPU clock (clock_getcpuclockid(3))."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def memory(pids: Iterable[int]) -> int:
    """Bytes that these processes hold for themselves: their heaps, and shared memory by its share
    (`Pss_Anon`, `Pss_Shmem`, proc(5)). Not what they map of files, whose share moves with whoever
    else runs Python."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1]) * 1024
    return total


def peak_memory(pid: int) -> int:
    """The most bytes a process ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def writes(pids: Iterable[int]) -> int:
    """`write` and `writev` calls so far (`send` is not counted by the kernel)."""
    total = 0
    for pid in pids:
        total += int(Path(f"/proc/{pid}/io").read_text().partition("syscw:")[2].split()[0])
    return total


def turned_off() -> int:
    """Connections that the kernel dropped so far because a listener's queue was full: each tries
    again after 1, 3, 7, … seconds (`ListenOverflows`)."""
    names, values = [
        line.split()
        for line in Path("/proc/net/netstat").read_text().splitlines()
        if line.startswith("TcpExt:")
    ]
    return int(values[names.index("ListenOverflows")])


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


async def settled(pids: list[int], seconds: float = 10) -> None:
    """Wait until the processes have next to nothing to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = cpu_seconds(pids)
        await asyncio.sleep(0.3)
        if cpu_seconds(pids) - before < 0.01:
            return


def headline() -> str:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {sys.version.split()[0]}, load average {load:.1f}\n{cores()}"
    )
