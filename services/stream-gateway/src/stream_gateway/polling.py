"""Polling: `GET …/availability`, the snapshot of one channel with its `ETag`."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import snapshot_etag
from holdfast.contracts.states import Audience
from stream_gateway.absence import Absence, NotThere
from stream_gateway.admission import PLACE, Admission
from stream_gateway.channel import Channel, OpenFailed
from stream_gateway.clock import timestamp_now
from stream_gateway.config import Config
from stream_gateway.credentials import Credentials
from stream_gateway.feed import Feed
from stream_gateway.hub import Hub
from stream_gateway.limits import WORDS, Reason
from stream_gateway.pane import SEGMENTS_PER_ATTEMPT
from stream_gateway.problems import Refusal, invalid
from stream_gateway.routes import accepts_gzip

VARY = "Authorization, Cookie, Accept-Encoding"
STALE_AFTER = 5.0
"""Seconds without a trustworthy feed after which a snapshot is refused rather than shown."""


class Polling:
    """Snapshots for those who come and go."""

    def __init__(
        self,
        config: Config,
        hub: Hub,
        feed: Feed,
        credentials: Credentials,
        admission: Admission,
        absence: Absence,
    ) -> None:
        self._config = config
        self._hub = hub
        self._feed = feed
        self._credentials = credentials
        self._admission = admission
        self._absence = absence

    def table(self) -> list[Route]:
        """The route for the application."""
        return [Route(PLACE, self.snapshot, methods=["GET"])]

    async def snapshot(self, request: Request) -> Response:
        """The snapshot of one channel, exact at its version."""
        key, audience = await self._asked(request)
        if self._feed.detached_for > STALE_AFTER:
            raise Refusal(Code.UNAVAILABLE, "the feed is cut off, so nothing here would be sure")
        if not self._hub.registry.has_room((key,)):
            raise Refusal(Code.UNAVAILABLE, WORDS[Reason.CHANNELS])
        channel = self._hub.registry.channel(key)
        given = request.headers.get("if-none-match")
        gzip = accepts_gzip(request)
        await self._opened(channel)
        if not matches(given, self._etag(channel, audience)):
            await self._prepared(channel, audience, gzip=gzip)
        # From here on without awaiting, so that all of it is of one version.
        etag = self._etag(channel, audience)
        headers = {
            "etag": etag,
            "vary": VARY,
            "cache-control": "private, no-cache" if audience is Audience.STAFF else "no-cache",
        }
        if matches(given, etag):
            return Response(status_code=304, headers=headers)
        if channel.picture is None:
            raise RuntimeError(f"{channel.name} is open and has no sections")
        body = channel.renditions.body(
            channel.picture,
            audience,
            gzip=gzip,
            position=self._hub.position,
            now=timestamp_now(),
        )
        if gzip:
            headers["content-encoding"] = "gzip"
        return Response(body, media_type="application/json", headers=headers)

    async def _asked(self, request: Request) -> tuple[ChannelKey | CustomerKey, Audience]:
        principal = self._credentials.principal(request)
        try:
            wanted = self._admission.by_path(request, principal)
        except NotThere as refusal:
            raise await self._absence.confirm(refusal) from None
        if len(wanted) != 1:
            raise invalid("slotId", "one channel at a time")
        return wanted[0]

    def _etag(self, channel: Channel, audience: Audience) -> str:
        epoch = self._hub.position.epoch
        return snapshot_etag(epoch, channel.version, channel.layout_version, audience.value)

    async def _prepared(self, channel: Channel, audience: Audience, *, gzip: bool) -> None:
        """Have the snapshot's pieces made, some at a time, so that others get their turn."""
        while channel.picture is not None:
            pane = channel.picture.pane(audience)
            if pane.prepare(gzip=gzip, most=SEGMENTS_PER_ATTEMPT):
                return
            await asyncio.sleep(0)
            await self._opened(channel)

    async def _opened(self, channel: Channel) -> None:
        """Return while it is open. Not at the first word that it is: before we are called it may be
        another history, or a layout whose sections are not here yet."""
        try:
            async with asyncio.timeout(self._config.open_seconds):
                while not channel.is_open:
                    await self._woken(channel)
        except TimeoutError:
            raise Refusal(Code.UNAVAILABLE, "the channel is not open yet") from None
        except OpenFailed as error:
            if not error.known and isinstance(channel.key, ChannelKey):
                detail = f"there is no slot {channel.key.slot!r} on {channel.key.date}"
                raise Refusal(Code.SLOT_NOT_FOUND, detail) from None
            raise Refusal(Code.UNAVAILABLE, error.problem) from None

    async def _woken(self, channel: Channel) -> None:
        waiter = _Opened()
        channel.waiters.add(waiter)
        self._hub.opening.ensure(channel)
        try:
            await waiter.outcome
        finally:
            channel.waiters.discard(waiter)


class _Opened:
    """Waits for a channel within a request."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(None)

    def fail(self, problem: OpenFailed) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(problem)


def matches(header: str | None, etag: str) -> bool:
    """`If-None-Match`, compared weakly (RFC 9110 §13.1.2)."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") == opaque for each in header.split(","))
