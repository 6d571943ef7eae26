"""Renditions: a channel's snapshots as whole bodies, made once for all who ask for the same version."""

from __future__ import annotations

import time
from typing import NamedTuple

from holdfast.contracts.states import Audience
from stream_gateway.coding import deflated, gzip_file, stored
from stream_gateway.picture import AFTER, Picture
from stream_gateway.position import Position

BIG = 64 * 1024
BIG_REUSE_SECONDS = 1.0
SMALL_REUSE_SECONDS = 0.05
"""How old the `serverTime` of a body may be; clients set their clock by it."""


class Rendition(NamedTuple):
    """One body of the snapshot at `version`, made at `made_at` (monotonic seconds)."""

    version: int
    made_at: float
    body: bytes

    def is_fresh(self) -> bool:
        limit = BIG_REUSE_SECONDS if len(self.body) >= BIG else SMALL_REUSE_SECONDS
        return time.monotonic() - self.made_at < limit


class Renditions:
    """The last body for each audience, plain and as gzip."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[Audience, bool], Rendition] = {}

    def clear(self) -> None:
        """Forget them: the sections changed."""
        self._bodies.clear()

    def body(
        self, picture: Picture, audience: Audience, *, gzip: bool, position: Position, now: str
    ) -> bytes:
        """The snapshot at the picture's version."""
        made = self._bodies.get((audience, gzip))
        if made is None or made.version != picture.version or not made.is_fresh():
            before = picture.before(cursor=position.cursor, epoch=position.epoch, server_time=now)
            body = _whole(picture, audience, before, gzip=gzip)
            made = Rendition(picture.version, time.monotonic(), body)
            self._bodies[audience, gzip] = made
        return made.body


def _whole(picture: Picture, audience: Audience, before: bytes, *, gzip: bool) -> bytes:
    pane = picture.pane(audience)
    plain = (before, *pane.pieces(gzip=False), AFTER)
    if not gzip:
        return b"".join(plain)
    return gzip_file((deflated(before), *pane.pieces(gzip=True), stored(AFTER)), plain)
