"""`python -m holdfast_dev run` as a process of a test: what it says, and all that it has started."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.until import until

from holdfast_dev.banner import READY

START_SECONDS = 90
STOP_SECONDS = 60


class OneMachine:
    """One stack on a folder of its own. `said` is its standard output so far."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.errors = folder / "errors.log"
        self.said: list[str] = []
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HOLDFAST_")},
            "HOLDFAST_DATA_DIR": str(self.data),
            "HOLDFAST_COMMAND_API_PORT": "0",
            "HOLDFAST_STREAM_GATEWAY_PORT": "0",
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Starts it, until it says that it is ready or ends."""
        self.said.clear()
        with self.errors.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "holdfast_dev",
                "run",
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        self._listening = asyncio.create_task(self._listen(self._process))
        await until(lambda: READY in self.said or self._listened(), START_SECONDS)

    async def ready(self) -> None:
        """Starts it; fails the test where it does not get ready."""
        await self.start()
        assert READY in self.said, self.errors.read_text()

    async def wait(self) -> int:
        """Waits for its end; the exit status."""
        assert self._process
        assert self._listening
        async with asyncio.timeout(STOP_SECONDS):
            status = await self._process.wait()
            await self._listening
        return status

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and waits for the end."""
        assert self._process
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        return await self.wait()

    @property
    def commands(self) -> dict[str, str]:
        """The printed commands by what they do."""
        return {
            title.removeprefix("# "): line
            for title, line in zip(self.said, self.said[1:], strict=False)
            if title.startswith("# ")
        }

    @property
    def date(self) -> str:
        """The service date of the printed commands."""
        [date] = set(re.findall(r"date=([\d-]+)", "\n".join(self.said)))
        return str(date)

    @property
    def addresses(self) -> dict[str, str]:
        """The printed addresses by name."""
        pairs = (re.fullmatch(r"  (\S.*?)  +(\w+://\S+)", line) for line in self.said)
        return {pair[1]: pair[2] for pair in pairs if pair}

    def token(self, title: str) -> str:
        """The printed token of somebody."""
        [at] = [index for index, line in enumerate(self.said) if line.startswith(f"  {title}")]
        return self.said[at + 1].strip()

    def processes(self, word: str = "") -> list[int]:
        """All processes that belong to the folder, or those with `word` in their command line."""
        return [pid for pid in _belonging(str(self.data)) if word in _command(pid)]

    def _listened(self) -> bool:
        return self._listening is not None and self._listening.done()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            self.said.append(line.decode().rstrip("\n"))


@asynccontextmanager
async def one_machine(folder: Path, **settings: str) -> AsyncIterator[OneMachine]:
    """A stack that is ready; what still runs at the end is killed."""
    machine = OneMachine(folder, **settings)
    try:
        await machine.ready()
        yield machine
    finally:
        await machine.end(signal.SIGKILL)
        await until(lambda: not machine.processes(), STOP_SECONDS)


async def pasted(command: str) -> str:
    """Runs a command that ends by itself, as somebody who pastes it; its output."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


@asynccontextmanager
async def watched(command: str) -> AsyncIterator[asyncio.StreamReader]:
    """Runs a command that never ends; its output."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"exec {command}", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.communicate()


async def read_until(output: asyncio.StreamReader, text: str) -> str:
    """What comes up to the line with `text`."""
    lines = []
    async with asyncio.timeout(20):
        async for line in output:
            lines.append(line.decode())
            if text in lines[-1]:
                return "".join(lines)
    raise AssertionError(f"it ended before {text!r}: {''.join(lines)}")


def _belonging(folder: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            inside = str((process / "cwd").readlink())
            if folder.encode() in words or inside.startswith(folder):
                found.append(int(process.name))
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
