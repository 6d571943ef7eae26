"""Routes: requests to subscriptions and snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import snapshot_etag
from holdfast.contracts.states import Audience
from holdfast.runtime.auth import Principal
from stream_gateway import frames
from stream_gateway.absence import Absence, NotThere
from stream_gateway.admission import Admission, Wanted, join_of
from stream_gateway.channel import Channel, OpenFailed
from stream_gateway.clock import jittered_retry, timestamp_now
from stream_gateway.coding import coding
from stream_gateway.config import Config
from stream_gateway.fallback import fallback_response
from stream_gateway.feed import Feed
from stream_gateway.handover import Handover, can_hand_over
from stream_gateway.hub import Hub
from stream_gateway.joining import SEGMENTS_PER_ATTEMPT
from stream_gateway.metrics import Metrics
from stream_gateway.problems import Refusal
from stream_gateway.pulse import Pulse
from stream_gateway.subscriber import Subscriber

EVENT_STREAM = "text/event-stream"
STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "vary": "Accept-Encoding",
}
Reader = Callable[[Request, Principal | None], Wanted]
VARY = "Authorization, Cookie, Accept-Encoding"
STALE_AFTER = 5.0
"""Seconds without a trustworthy feed after which a snapshot is refused rather than shown."""
FULL = "this gateway has as many channels open as it may"


class Routes:
    """The endpoints under `/v1`."""

    def __init__(
        self,
        config: Config,
        hub: Hub,
        pulse: Pulse,
        feed: Feed,
        admission: Admission,
        absence: Absence,
        metrics: Metrics,
    ) -> None:
        self._config = config
        self._hub = hub
        self._pulse = pulse
        self._feed = feed
        self._admission = admission
        self._absence = absence
        self._metrics = metrics
        self.draining = False

    def table(self) -> list[Route]:
        """The routes for the application."""
        place = "/v1/clubs/{club}/venues/{venue}/availability"
        return [
            Route(f"{place}/stream", self.stream_of_venue, methods=["GET"]),
            Route(place, self.snapshot, methods=["GET"]),
            Route("/v1/stream", self.stream_by_name, methods=["GET"]),
        ]

    async def stream_of_venue(self, request: Request) -> Response:
        """SSE of one channel or several of one venue."""
        return await self._stream(request, self._admission.by_path)

    async def stream_by_name(self, request: Request) -> Response:
        """SSE of named channels."""
        return await self._stream(request, self._admission.by_name)

    async def _stream(self, request: Request, read: Reader) -> Response:
        principal = self._admission.principal(request)
        if self.draining or len(self._hub.clients) >= self._config.max_clients:
            return self._shed(request, "this gateway takes no more streams now")
        try:
            wanted = await self._read(request, principal, read)
        except Refusal as refusal:
            if refusal.code is not Code.UNAVAILABLE:
                raise
            return self._shed(request, refusal.detail)
        if not self._hub.has_room(key for key, _ in wanted):
            return self._shed(request, FULL)
        join = join_of(request, wanted)
        expires = None if principal is None else principal.expires_at
        if request.method == "HEAD":
            return Response(headers=STREAM_HEADERS)
        handover = can_hand_over(request.scope)
        way = coding(
            gzip=self._config.stream_gzip and accepts_gzip(request),
            chunked=handover is not None and handover.chunked,
        )
        headers = {**STREAM_HEADERS, "content-encoding": "gzip"} if way.gzip else STREAM_HEADERS
        subscriber = self._hub.subscriber(wanted, join, way, expires=expires)
        if handover is None:
            return fallback_response(self._hub, self._pulse, subscriber, headers)
        return LiveResponse(self._hub, self._pulse, subscriber, handover, headers)

    async def _read(self, request: Request, principal: Principal | None, read: Reader) -> Wanted:
        try:
            return read(request, principal)
        except NotThere as refusal:
            raise await self._absence.confirm(refusal) from None

    def _shed(self, request: Request, why: str) -> Response:
        """Turn a stream away: in-band for those who would give up for good on an error."""
        self._metrics.shed.inc()
        if EVENT_STREAM not in request.headers.get("accept", ""):
            raise Refusal(Code.UNAVAILABLE, why)
        body = frames.encode(comment=why, retry=jittered_retry())
        return Response(body, headers={**STREAM_HEADERS, "connection": "close"})

    async def snapshot(self, request: Request) -> Response:
        """The snapshot of one channel, exact at its version."""
        principal = self._admission.principal(request)
        wanted = await self._read(request, principal, self._admission.by_path)
        if len(wanted) != 1:
            raise Refusal(
                Code.VALIDATION_FAILED, "slotId: one channel at a time", parameter="slotId"
            )
        key, audience = wanted[0]
        if self._feed.detached_for > STALE_AFTER:
            raise Refusal(Code.UNAVAILABLE, "the feed is cut off, so nothing here would be sure")
        if not self._hub.has_room((key,)):
            raise Refusal(Code.UNAVAILABLE, FULL)
        channel = self._hub.channel(key)
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
        if channel.picture is None or matches(given, etag):
            return Response(status_code=304, headers=headers)
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
        if channel.is_open:
            return
        waiter = _Opened()
        channel.waiters.add(waiter)
        self._hub.opening.ensure(channel)
        try:
            async with asyncio.timeout(self._config.open_seconds):
                await waiter.outcome
        except TimeoutError:
            raise Refusal(Code.UNAVAILABLE, "the channel is not open yet") from None
        except OpenFailed as error:
            if not error.known and isinstance(channel.key, ChannelKey):
                detail = f"there is no slot {channel.key.slot!r} on {channel.key.date}"
                raise Refusal(Code.SLOT_NOT_FOUND, detail) from None
            raise Refusal(Code.UNAVAILABLE, error.problem) from None
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


class LiveResponse(Response):
    """Sends the head as any response does, then hands the connection over to the subscriber."""

    def __init__(
        self,
        hub: Hub,
        pulse: Pulse,
        subscriber: Subscriber,
        handover: Handover,
        headers: dict[str, str],
    ) -> None:
        super().__init__(headers=headers)
        # A length would make uvicorn expect a body.
        del self.headers["content-length"]
        self._hub = hub
        self._pulse = pulse
        self._subscriber = subscriber
        self._handover = handover

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        subscriber = self._subscriber
        try:
            self._handover.begin()
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            connection = self._handover.release()
        except BaseException:
            self._hub.dismiss(subscriber)
            raise
        if connection is None:
            self._hub.dismiss(subscriber)
            return
        transport, paused = connection
        transport.set_protocol(subscriber)
        transport.set_write_buffer_limits(high=64 * 1024)
        subscriber.attach(transport, paused=paused, retry=jittered_retry())
        self._hub.admit(subscriber)
        self._pulse.watch(subscriber)


def matches(header: str | None, etag: str) -> bool:
    """`If-None-Match`, compared weakly (RFC 9110 §13.1.2)."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") == opaque for each in header.split(","))


def accepts_gzip(request: Request) -> bool:
    """Whether `Accept-Encoding` allows gzip."""
    for item in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = item.strip().partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
