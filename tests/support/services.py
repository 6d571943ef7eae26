"""The real services as processes, on free ports, each ended with the test."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from holdfast.contracts.states import Role
from holdfast.runtime.auth import issue_token

SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
_LISTENING = re.compile(r"^(command-api|stream-gateway)( admin)? listening on (http://\S+)$")
STOP_SECONDS = 30


class Service:
    """One running process of a service; `url` is where it listens."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.url = ""
        self.admin_url = ""
        self._drain: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Read standard output up to the line that names the address, then keep it flowing."""
        stdout = self.process.stdout
        assert stdout is not None
        async with asyncio.timeout(30):
            while not self.url:
                line = (await stdout.readline()).decode().strip()
                if not line and self.process.returncode is None and stdout.at_eof():
                    await self.process.wait()
                if self.process.returncode is not None:
                    raise RuntimeError(f"it ended at once:\n{self.log.read_text()[-3000:]}")
                self._read(line)
        self._drain = asyncio.create_task(self._read_on(), name="output of a service")

    def _read(self, line: str) -> None:
        match = _LISTENING.match(line)
        if match and match[2]:
            self.admin_url = match[3]
        elif match:
            self.url = match[3]

    async def _read_on(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self._read(line.decode().strip())

    async def kill(self) -> None:
        """SIGKILL: no goodbye."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                status = await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise RuntimeError(f"it did not stop:\n{self.log.read_text()[-3000:]}") from None
        if self._drain is not None:
            await self._drain
        return status


async def start(module: str, log: Path, environ: dict[str, str]) -> Service:
    """Start `python -m {module}`; returns once it listens."""
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            env={**os.environ, **environ},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    service = Service(process, log)
    try:
        await service.ready()
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    return service


class Replicas:
    """Starts services on one Postgres and one NATS, and ends them all."""

    def __init__(self, postgres_url: str, nats_url: str, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._started: list[Service] = []
        self._environ = {
            "HOLDFAST_POSTGRES_URL": postgres_url,
            "HOLDFAST_NATS_URL": nats_url,
            "HOLDFAST_JWT_SECRET": SECRET,
            "HOLDFAST_LOG_STYLE": "text",
            "HOLDFAST_LOG_LEVEL": "info",
            **settings,
        }

    async def command_api(self, port: int = 0, **settings: str) -> Service:
        return await self._start(
            "command_api", {"HOLDFAST_COMMAND_API_PORT": str(port), **settings}
        )

    async def gateway(self, port: int = 0, **settings: str) -> Service:
        return await self._start(
            "stream_gateway", {"HOLDFAST_STREAM_GATEWAY_PORT": str(port), **settings}
        )

    async def _start(self, module: str, settings: dict[str, str]) -> Service:
        log = self._folder / f"{module}-{len(self._started)}.log"
        listen = {
            "HOLDFAST_COMMAND_API_HOST": "127.0.0.1",
            "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        }
        service = await start(module, log, {**self._environ, **listen, **settings})
        self._started.append(service)
        return service

    async def close(self) -> None:
        for service in reversed(self._started):
            if service.process.returncode is None:
                await service.kill()


@asynccontextmanager
async def replicas(
    postgres_url: str, nats_url: str, folder: Path, **settings: str
) -> AsyncIterator[Replicas]:
    """Services of a test; what still runs at the end is killed."""
    started = Replicas(postgres_url, nats_url, folder, **settings)
    try:
        yield started
    finally:
        await started.close()


def token(role: str, club: str | None = None, sub: str = "cus_1", name: str | None = None) -> str:
    """A bearer token that the tests' services accept."""
    return issue_token(SECRET, role=Role(role), subject=sub, club=club, name=name)


def bearer(
    role: str, club: str | None = None, sub: str = "cus_1", name: str | None = None
) -> dict[str, str]:
    """The `Authorization` header for `token`."""
    return {"authorization": f"Bearer {token(role, club, sub, name)}"}
