"""The data folder: one stack at a time, and who it is."""

import fcntl
import os
from pathlib import Path
from typing import Self

import msgspec

LOCK_FILE = "stack.lock"


class Resident(msgspec.Struct, frozen=True, rename="camel"):
    """The stack on a folder, as its lock file tells; ports are 0 until they are known."""

    pid: int
    command_api_port: int = 0
    stream_gateway_port: int = 0


class FolderTaken(Exception):
    """Another stack runs on the folder."""

    def __init__(self, folder: Path, resident: Resident | None) -> None:
        super().__init__(f"a stack already runs on {folder}")
        self.folder = folder
        self.resident = resident


class DataFolder:
    """Holds the folder's lock, which ends with this process whatever ends it.

    `after_crash`: the stack before us did not end in order, so its children may be just dying.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.after_crash = False
        self._lock: int | None = None

    def take(self) -> None:
        """Makes the folder where it is missing; raises FolderTaken, OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderTaken(self.path, self._resident()) from None
        self._lock = lock
        self.after_crash = self._resident() is not None
        self.note(Resident(os.getpid()))

    def note(self, resident: Resident | None) -> None:
        """Writes down who is here; None: nobody any more."""
        text = msgspec.json.encode(resident) if resident else b""
        (self.path / LOCK_FILE).write_bytes(text)

    def release(self) -> None:
        """Ends the stay in order."""
        if self._lock is not None:
            self.note(None)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def _resident(self) -> Resident | None:
        try:
            return msgspec.json.decode((self.path / LOCK_FILE).read_bytes(), type=Resident)
        except (OSError, msgspec.DecodeError):
            return None
