"""Pane: the sections of a picture as one audience reads them, as JSON, plain and compressed.

A section is encoded once per change. Sections stand in segments, each joined and compressed on its
own and only when it changed, so that a snapshot of ten thousand seats at every version costs the
segments that moved, shares all others with the snapshots before it, and is never an old one.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.contracts.snapshots import StaffSection
from stream_gateway.coding import deflated

SEGMENT = 128
"""Sections; about 14 KB of public JSON, which compresses nearly as well as the whole."""

SEGMENTS_PER_ATTEMPT = 8
"""Segments of a big snapshot that are made in one go, about a quarter of a millisecond each."""


class Pane:
    """`sections` is shared with the picture, which says what has `changed`."""

    def __init__(
        self,
        sections: dict[str, StaffSection],
        segments: list[list[str]],
        encode: Callable[[StaffSection], bytes],
    ) -> None:
        self._sections = sections
        self._segments = segments
        self._encode = encode
        self._encoded: dict[str, bytes] = {}
        self._plain: list[bytes | None] = [None] * len(segments)
        self._packed: list[bytes | None] = [None] * len(segments)

    def changed(self, section_id: str, segment: int) -> None:
        """The section is another now."""
        if section_id in self._encoded:
            self._encoded[section_id] = self._encode(self._sections[section_id])
        self._plain[segment] = self._packed[segment] = None

    def pieces(self, *, gzip: bool) -> list[bytes]:
        """The elements of a JSON array in layout order, in as many pieces as there are segments."""
        self.prepare(gzip=gzip, most=len(self._segments))
        return [piece for piece in (self._packed if gzip else self._plain) if piece is not None]

    def prepare(self, *, gzip: bool, most: int) -> bool:
        """Make at most so many missing pieces; whether all are there now."""
        pieces = self._packed if gzip else self._plain
        for number, piece in enumerate(pieces):
            if piece is None:
                if most == 0:
                    return False
                most -= 1
                pieces[number] = self._packed_piece(number) if gzip else self._plain_piece(number)
        return True

    def some(self, section_ids: set[str]) -> bytes:
        """These sections only, as the elements of an array in layout order."""
        return b",".join(
            self._encoding(id_) for ids in self._segments for id_ in ids if id_ in section_ids
        )

    def _packed_piece(self, number: int) -> bytes:
        return deflated(self._plain_piece(number))

    def _plain_piece(self, number: int) -> bytes:
        piece = self._plain[number]
        if piece is None:
            encodings = map(self._encoding, self._segments[number])
            piece = (b"," if number else b"") + b",".join(encodings)
            self._plain[number] = piece
        return piece

    def _encoding(self, section_id: str) -> bytes:
        encoded = self._encoded.get(section_id)
        if encoded is None:
            encoded = self._encoded[section_id] = self._encode(self._sections[section_id])
        return encoded
