"""Decoding: one client of the load that reads its stream as a real client would.

Of thousands of clients a few are decoded; the others must have received as many bytes.
"""

from __future__ import annotations

import re
import zlib

EVENT = b"event: availability.updated"
SNAPSHOT = b"event: snapshot"
_VERSION = re.compile(rb'"version":(\d+)')


class StreamDecoder:
    """Head, chunks, gzip and frames of one response, counted since the last `restart`."""

    def __init__(self) -> None:
        self.head = b""
        self.raw = 0
        """Bytes on the wire."""
        self.snapshots: list[bytes] = []
        """The start of each, which has everything but the sections."""
        self.last = b""
        """The text of the last bytes fed, and a little before it."""
        self._chunked = False
        self._left = 0
        self._wire = b""
        self._text = b""
        self._inflate: zlib._Decompress | None = None

    @property
    def is_gzip(self) -> bool:
        return self._inflate is not None

    def restart(self) -> None:
        """Count from here on."""
        self.raw = 0
        self.snapshots = []

    def feed(self, data: bytes) -> list[int]:
        """The versions of the events that are whole by now."""
        self.raw += len(data)
        if not self.head:
            self._wire += data
            head, found, data = self._wire.partition(b"\r\n\r\n")
            if not found:
                return []
            self.head, self._wire = head, b""
            lower = head.lower()
            self._chunked = b"transfer-encoding: chunked" in lower
            if b"content-encoding: gzip" in lower:
                self._inflate = zlib.decompressobj(31)
        if self._chunked:
            data = self._dechunk(data)
        if self._inflate is not None:
            data = self._inflate.decompress(data)
        return self._frames(data)

    def _dechunk(self, data: bytes) -> bytes:
        """The content, where the chunks' frames are cut anywhere."""
        data = self._wire + data
        content = []
        at = 0
        while at < len(data):
            if self._left > 2:
                part = data[at : at + self._left - 2]
                content.append(part)
                at += len(part)
                self._left -= len(part)
            elif self._left:
                skipped = min(self._left, len(data) - at)
                at += skipped
                self._left -= skipped
            else:
                end = data.find(b"\r\n", at)
                if end < 0:
                    break
                size = int(data[at:end], 16)
                at = end + 2
                self._left = size + 2
        self._wire = data[at:]
        return b"".join(content)

    def _frames(self, text: bytes) -> list[int]:
        self.last = self.last[-64:] + text
        *frames, self._text = (self._text + text).split(b"\n\n")
        versions = []
        for frame in frames:
            if EVENT in frame[:120]:
                found = _VERSION.findall(frame)
                versions.append(int(found[-1]))
            elif SNAPSHOT in frame[:120]:
                self.snapshots.append(frame[:600])
        return versions
