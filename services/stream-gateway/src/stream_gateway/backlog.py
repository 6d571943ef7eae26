"""Backlog: what one client gets in one go, before it is live or to catch up.

Only the last frame carries an id: whoever is cut in the middle resumes before all of it.
"""

from __future__ import annotations

from typing import NamedTuple

from stream_gateway.coding import Coding
from stream_gateway.frames import identified

SLICE = 64 * 1024
"""Bytes written at once; as much as the transport buffers before it says stop."""


class Snapshot(NamedTuple):
    """A snapshot's frame: `pieces` are in the coding of the backlog already, the rest is not."""

    before: bytes
    pieces: list[bytes]
    after: bytes


class Backlog:
    """Frames in order, and then their bytes on the wire."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._frames: list[bytes | Snapshot] = []

    def __len__(self) -> int:
        """Frames."""
        return len(self._frames)

    def add(self, *frames: bytes | Snapshot) -> None:
        """The next ones, without ids."""
        self._frames += frames

    def wired(self, cursor: str | None) -> list[bytes]:
        """Everything, with `cursor` as the id of the last frame."""
        pieces: list[bytes] = []
        texts: list[bytes] = []
        size = 0

        def pack() -> None:
            nonlocal size
            if texts:
                pieces.append(self._coding.pack(b"".join(texts)))
            texts.clear()
            size = 0

        last = len(self._frames) - 1
        for number, frame in enumerate(self._frames):
            end = frame.after if isinstance(frame, Snapshot) else frame
            if number == last and cursor is not None:
                end = identified(end, cursor)
            if isinstance(frame, Snapshot):
                pack()
                pieces += self._coding.around(frame.before, frame.pieces, end)
                continue
            if size + len(end) > SLICE:
                pack()
            texts.append(end)
            size += len(end)
        pack()
        return pieces


class Slices:
    """Pieces as views of at most SLICE bytes, small ones joined. The pieces' bytes are shared with
    everybody who gets the same; only what is in the transport is the client's own."""

    __slots__ = ("_at", "_number", "_pieces")

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._number = 0
        self._at = 0

    def __bool__(self) -> bool:
        return self._number < len(self._pieces)

    def next(self) -> bytes | memoryview:
        """What is to be written now; only while there is something."""
        piece = self._pieces[self._number]
        if self._at or len(piece) > SLICE:
            view = memoryview(piece)[self._at : self._at + SLICE]
            self._at += SLICE
            if self._at >= len(piece):
                self._number, self._at = self._number + 1, 0
            return view
        first, size = self._number, 0
        while self._number < len(self._pieces):
            size += len(self._pieces[self._number])
            if size > SLICE:
                break
            self._number += 1
        joined = self._pieces[first : self._number]
        return joined[0] if len(joined) == 1 else b"".join(joined)
