"""nginx for tests: the one of this machine, with every file of its own under one folder."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from holdfast_dev.ports import LOOPBACK

NAMES = ("nginx", "/usr/sbin/nginx")
"""A user's path often lacks /usr/sbin."""
KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
STOP_SECONDS = 10
MAIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 2048; }}
http {{
    access_log {folder}/access.log;
    {folders}
{http}
}}
"""


class Nginx:
    """One running nginx."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder

    def lines(self, name: str = "access.log") -> list[str]:
        """What a log of `folder` says so far."""
        return (self.folder / name).read_text().splitlines()


@asynccontextmanager
async def nginx(folder: Path, http: str, *ports: int) -> AsyncIterator[Nginx]:
    """Runs nginx with `http` in its `http` block; begins when it accepts on all `ports`. It is one
    process, without a master, so that ending it ends all of it."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(
            "no nginx on this machine; on Debian and Ubuntu: apt-get install nginx",
            pytrace=False,
        )
    folder.mkdir(parents=True, exist_ok=True)
    folders = "\n    ".join(f"{kind}_temp_path {folder}/{kind};" for kind in KINDS)
    config = folder / "nginx.conf"
    config.write_text(MAIN.format(folder=folder, folders=folders, http=http))
    errors = folder / "error.log"
    process = await asyncio.create_subprocess_exec(
        *(path, "-p", str(folder), "-e", str(errors), "-c", str(config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        for port in ports:
            await _accepts(process, port, errors)
        yield Nginx(process, folder)
    finally:
        await _end(process)


async def _accepts(process: asyncio.subprocess.Process, port: int, errors: Path) -> None:
    async with asyncio.timeout(20):
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"nginx ended at once:\n{errors.read_text()[-3000:]}")
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RuntimeError("nginx did not stop") from None


async def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    kept, key = folder / "certificate.pem", folder / "key.pem"
    if shutil.which("openssl") is None:
        pytest.fail("no openssl on this machine; on Debian: apt-get install openssl", pytrace=False)
    alternatives = ",".join([f"IP:{LOOPBACK}", *(f"DNS:{name}" for name in names)])
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=holdfast", "-addext"),
        *(f"subjectAltName={alternatives}", "-keyout", str(key), "-out", str(kept)),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return kept, key
