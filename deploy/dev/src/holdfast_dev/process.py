"""One server process on one folder: locked, started, watched and stopped."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")
START_TIMEOUT = 60.0  # seconds; a crash recovery may take a while
STOP_TIMEOUT = 30.0
RELEASE_TIMEOUT = 15.0
POLL = 0.02


class AlreadyRunning(Exception):
    """Another server works on the folder."""

    def __init__(self, pid: int, folder: Path) -> None:
        super().__init__(f"process {pid} already runs a server on {folder}")
        self.pid = pid
        self.folder = folder


class StartFailed(Exception):
    """The server ended, or did not get ready in time; carries the end of its log."""

    def __init__(self, program: str, reason: str, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        tail = "\n".join(lines[-20:])
        super().__init__(f"{program} did not start: {reason}; the end of {log}:\n{tail}")
        self.program = program
        self.reason = reason
        self.log = log


class ServerProcess:
    """Runs one server on `folder`, in a session of its own, never beyond this process's life.

    The folder's lock is inherited by the server and all its children, so it tells the truth
    whatever died: it is free when the last of them is gone, and only then is the folder touched.

    Start it from a thread that lives as long as the server shall: Linux ends the server with the
    thread that started it (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.log = self.folder / "server.log"
        self._lock_file = self.folder / "server.lock"
        self._lock: int | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def lock(self) -> None:
        """Takes the folder, which is made where missing; raises AlreadyRunning."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + RELEASE_TIMEOUT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner, server = self._holders()
                # A server whose owner was killed, and children whose server was, are about to go.
                stays = is_alive(owner) and (server == 0 or is_alive(server))
                if stays or time.monotonic() > deadline:
                    os.close(lock)
                    raise AlreadyRunning(server or owner, self.folder) from None
            try:
                await asyncio.sleep(POLL)
            except BaseException:
                os.close(lock)
                raise
        self._lock = lock
        self._note_holders(server=0)

    def unlock(self) -> None:
        """Lets go of the folder; a server that runs keeps it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def run(
        self, command: Sequence[str], *, user: str, environment: Mapping[str, str]
    ) -> None:
        """Runs a command that prepares the locked folder to its end; raises StartFailed."""
        process = await self._spawn(command, user=user, environment=environment)
        try:
            status = await process.wait()
        except BaseException:
            # With its children: what initdb runs would go on writing into the folder.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if status != 0:
            raise StartFailed(Path(command[0]).name, f"exit status {status}", self.log)

    async def start(
        self,
        command: Sequence[str],
        *,
        ready: Callable[[], Awaitable[bool]],
        user: str = "",
        environment: Mapping[str, str],
    ) -> None:
        """Starts the server on the locked folder, until it is ready; raises StartFailed."""
        program = Path(command[0]).name
        self._process = await self._spawn(command, user=user, environment=environment)
        self._note_holders(server=self._process.pid)
        self.unlock()
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not await ready():
                    if self._process.returncode is not None:
                        reason = f"exit status {self._process.returncode}"
                        raise StartFailed(program, reason, self.log)
                    await asyncio.sleep(POLL)
        except TimeoutError:
            await self.kill()
            reason = f"not ready after {START_TIMEOUT:.0f} s"
            raise StartFailed(program, reason, self.log) from None
        except BaseException:
            await self.kill()
            raise

    async def wait(self) -> int:
        """Waits for the server's end and gives its exit status (negative: a signal)."""
        return await self._process.wait() if self._process else 0

    async def stop(self) -> None:
        """Shuts the server down in order; by force when it takes too long."""
        await self._end(signal.SIGINT)

    async def kill(self) -> None:
        """Ends the server as a power cut would, and waits until its children are gone too."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            process.kill()
            await process.wait()
        # The lock comes free when the children (Postgres backends) have noticed.
        with suppress(AlreadyRunning):
            await self.lock()
            self.unlock()

    async def _spawn(
        self, command: Sequence[str], *, user: str, environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        if self._lock is None:
            raise RuntimeError(f"{self.folder} is not locked")
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(LAUNCH),
                str(os.getpid()),
                user,
                "INT",  # both Postgres and NATS shut down cleanly on it
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lock,),
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the stack alone, which then stops in order
            )

    def _note_holders(self, *, server: int) -> None:
        self._lock_file.write_text(f"{os.getpid()} {server}\n")

    def _holders(self) -> tuple[int, int]:
        """The process ids of the owner and of its server, 0 where not known."""
        words = [*self._lock_file.read_text().split(), "0", "0"]
        return int(words[0]), int(words[1])


def is_alive(pid: int) -> bool:
    """Whether a process of that id exists."""
    if pid == 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
