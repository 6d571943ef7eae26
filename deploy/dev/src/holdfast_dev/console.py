"""What the stack says: its own words on standard output, its children's on standard error."""

import os
import select
import sys
from typing import Protocol

PIPE_BUF = select.PIPE_BUF


class Stream(Protocol):
    """A file as far as it matters here."""

    def fileno(self) -> int: ...


class Console:
    """Writes whole lines. A reader that went away is no error, and a child's line never waits for
    a reader: a pipe that nobody empties would stop the stack, and then all its children."""

    def __init__(self, out: Stream = sys.stdout, err: Stream = sys.stderr) -> None:
        self._out = out.fileno()
        self._err = err.fileno()

    def say(self, text: str) -> None:
        """The stack's own words, on standard output."""
        self._write(self._out, (text + "\n").encode())

    def warn(self, text: str) -> None:
        """What went wrong, on standard error."""
        self._write(self._err, (text + "\n").encode())

    def relay(self, name: str, line: str) -> None:
        """A child's line, on standard error; dropped where a write would wait."""
        if self._takes(self._err):
            whole = f"{name} | {line}".encode()
            self._write(self._err, whole[: PIPE_BUF - 1] + b"\n")

    @staticmethod
    def _takes(fd: int) -> bool:
        # A pipe polls writable while PIPE_BUF bytes fit (pipe(7)); files and terminals always do.
        try:
            return bool(select.select([], [fd], [], 0)[1])
        except (OSError, ValueError):
            return False

    @staticmethod
    def _write(fd: int, text: bytes) -> None:
        view = memoryview(text)
        try:
            while view:
                view = view[os.write(fd, view) :]
        except OSError:
            return
