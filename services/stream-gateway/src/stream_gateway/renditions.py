"""Renditions: a channel's snapshots as they were encoded last, shared by all who ask meanwhile."""

from __future__ import annotations

import asyncio
import time
import zlib
from typing import NamedTuple

from holdfast.contracts.states import Audience
from stream_gateway import frames
from stream_gateway.picture import Picture
from stream_gateway.position import Position
from stream_gateway.ring import Ring

BIG = 64 * 1024
"""From this size on, a snapshot of a moment ago with the events since is cheaper than a new one."""
BIG_REUSE_SECONDS = 1.0
SMALL_REUSE_SECONDS = 0.05
"""Short, because clients set their clock by `serverTime`."""
MAX_EVENTS_ON_TOP = 256
GZIP_LEVEL = 5


class Rendition(NamedTuple):
    """One snapshot as JSON, of `version`, made at `made_at` (monotonic seconds)."""

    version: int
    layout_version: int
    made_at: float
    body: bytes

    @property
    def is_big(self) -> bool:
        return len(self.body) >= BIG

    def is_fresh(self) -> bool:
        """Whether it may be shown again as far as its age goes."""
        limit = BIG_REUSE_SECONDS if self.is_big else SMALL_REUSE_SECONDS
        return time.monotonic() - self.made_at < limit


class Renditions:
    """The last encoding for each audience, as JSON, as a frame and compressed."""

    def __init__(self) -> None:
        self._bodies: dict[Audience, Rendition] = {}
        self._frames: dict[tuple[Audience, str | None], tuple[Rendition, bytes]] = {}
        self._packed: dict[Audience, tuple[Rendition, asyncio.Future[bytes]]] = {}

    def clear(self) -> None:
        """Forget them: the sections changed."""
        self._bodies.clear()
        self._frames.clear()
        self._packed.clear()

    def current(
        self, picture: Picture, audience: Audience, *, position: Position, now: str
    ) -> Rendition:
        """The snapshot at the picture's version."""
        made = self._bodies.get(audience)
        if made is None or made.version != picture.version or not made.is_fresh():
            made = _render(picture, audience, position=position, now=now)
            self._bodies[audience] = made
        return made

    def frames(
        self,
        picture: Picture,
        ring: Ring,
        audience: Audience,
        *,
        position: Position,
        now: str,
        reason: str | None,
    ) -> list[bytes]:
        """A snapshot frame and, where it is of a moment ago, the events since."""
        known = self._frames.get((audience, reason))
        if known is not None:
            rendition, frame = known
            behind = picture.version - rendition.version
            reusable = behind == 0 or (
                rendition.is_big
                and behind <= MAX_EVENTS_ON_TOP
                and ring.covers_version(rendition.version)
            )
            if reusable and rendition.is_fresh():
                later = ring.after_version(rendition.version) if behind else ()
                return [frame, *(event.bare(audience) for event in later)]
        rendition = _render(picture, audience, position=position, now=now, reason=reason)
        frame = frames.snapshot(rendition.body)
        self._frames[audience, reason] = rendition, frame
        return [frame]

    async def packed(self, rendition: Rendition, audience: Audience) -> bytes | None:
        """The rendition as gzip, compressed once however many ask; off the loop when big, and then
        at most once in `BIG_REUSE_SECONDS`: None means to send it as it is."""
        known = self._packed.get(audience)
        if known is not None and known[0] is rendition:
            return await asyncio.shield(known[1])
        if not rendition.is_big:
            future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            future.set_result(gzip(rendition.body))
        elif known is not None and known[0].is_fresh():
            return None
        else:
            future = asyncio.ensure_future(asyncio.to_thread(gzip, rendition.body))
        self._packed[audience] = rendition, future
        return await asyncio.shield(future)


def gzip(body: bytes) -> bytes:
    """RFC 1952, without a file name or time, so that equal bodies give equal bytes."""
    packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
    return packer.compress(body) + packer.flush()


def _render(
    picture: Picture,
    audience: Audience,
    *,
    position: Position,
    now: str,
    reason: str | None = None,
) -> Rendition:
    body = picture.encode(
        audience,
        cursor=position.cursor,
        epoch=position.epoch,
        server_time=now,
        reason=reason,
    )
    return Rendition(picture.version, picture.layout_version, time.monotonic(), body)
