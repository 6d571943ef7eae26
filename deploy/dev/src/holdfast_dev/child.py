"""One service as a child process: started until it is ready, listened to, stopped."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from holdfast_dev.process import LAUNCH

READY_TIMEOUT = 60.0  # seconds
PROBE_TIMEOUT = 2.0
POLL = 0.05
TAIL = 30  # lines
LONGEST_LINE = 65_536
LISTENING = " listening on http://"

Listener = Callable[[str, str], None]
"""Called with the child's name and a line that it wrote."""


class ChildFailed(Exception):
    """A child ended, or did not get ready; carries its last lines."""

    def __init__(self, name: str, reason: str, lines: Sequence[str]) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason
        self.lines = list(lines)


class Child:
    """Runs `python -m {module}` in a session of its own, never beyond this process's life: when we
    die, the kernel kills it (so start it from a thread that stays).

    `port` is where it answers `/readyz`; 0 for one that only runs to its end.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        port: int,
        folder: Path,
        listener: Listener,
        stop_timeout: float,
    ) -> None:
        self.name = name
        self.port = port
        self._arguments = list(arguments)
        self._environment = dict(environment)
        self._folder = folder
        self._listener = listener
        self._stop_timeout = stop_timeout
        self._lines: deque[str] = deque(maxlen=TAIL)
        self._process: asyncio.subprocess.Process | None = None
        self._follower: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def lines(self) -> list[str]:
        """The last lines it wrote."""
        return list(self._lines)

    async def start(self) -> None:
        """Starts it, until it is ready; raises ChildFailed."""
        process = await self._spawn()
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                while not await is_ready(self.port):
                    if process.returncode is not None:
                        raise await self._failure(f"did not start: {ending(process.returncode)}")
                    await asyncio.sleep(POLL)
        except TimeoutError:
            await self.stop()
            raise await self._failure(f"was not ready after {READY_TIMEOUT:.0f} s") from None
        except BaseException:
            await self.stop()
            raise

    async def run(self) -> None:
        """Runs it to its end; raises ChildFailed unless it ended well."""
        await self._spawn()
        try:
            status = await self.wait()
        except BaseException:
            await self.stop()
            raise
        if status != 0:
            raise await self._failure(f"failed: {ending(status)}")

    async def wait(self) -> int:
        """Waits for its end and gives its exit status (negative: a signal)."""
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """Asks it to end in order; by force when it takes too long."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), self._stop_timeout)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._heard_out()

    async def _failure(self, reason: str) -> ChildFailed:
        await self._heard_out()
        return ChildFailed(self.name, reason, self.lines)

    async def _heard_out(self) -> None:
        """Waits until all that it wrote was read."""
        if self._follower is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._follower, 1)
            self._follower = None

    async def _spawn(self) -> asyncio.subprocess.Process:
        await self._heard_out()
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(LAUNCH),
            str(os.getpid()),
            "",
            "KILL",  # it keeps nothing that a kill could spoil
            sys.executable,
            "-m",
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self._folder,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches the stack alone, which then stops in order
        )
        assert process.stdout is not None
        self._follower = asyncio.create_task(self._follow(process.stdout))
        return process

    async def _follow(self, output: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await output.read(LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-LONGEST_LINE:]
            for line in lines:
                self._heard(line.decode(errors="replace"))
        if rest:
            self._heard(rest.decode(errors="replace"))

    def _heard(self, line: str) -> None:
        self._lines.append(line)
        if LISTENING not in line:
            self._listener(self.name, line)


async def is_ready(port: int) -> bool:
    """Whether `/readyz` on a port of this machine answers 200."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(
                    b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                )
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def ending(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
