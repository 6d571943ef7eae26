"""Routes: requests to subscriptions."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from holdfast.contracts.problems import Code
from holdfast.runtime.auth import Principal
from stream_gateway.absence import Absence, NotThere
from stream_gateway.admission import PLACE, Admission, Wanted, join_of
from stream_gateway.clock import jittered_retry
from stream_gateway.coding import coding
from stream_gateway.config import Config
from stream_gateway.credentials import Credentials, Reauthenticate
from stream_gateway.fallback import fallback_response
from stream_gateway.handover import Handover, can_hand_over
from stream_gateway.hub import Hub
from stream_gateway.limits import Full, Lease, Limits, Reason
from stream_gateway.metrics import Metrics
from stream_gateway.problems import Refusal
from stream_gateway.pulse import Pulse
from stream_gateway.subscriber import Join, Subscriber
from stream_gateway.turned_away import STREAM_HEADERS, reauthenticate, turned_away

Reader = Callable[[Request, Principal | None], Wanted]


class Routes:
    """The streams under `/v1`."""

    def __init__(
        self,
        config: Config,
        hub: Hub,
        pulse: Pulse,
        credentials: Credentials,
        admission: Admission,
        absence: Absence,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        self._config = config
        self._hub = hub
        self._pulse = pulse
        self._credentials = credentials
        self._admission = admission
        self._absence = absence
        self._limits = limits
        self._metrics = metrics
        self.draining = False

    def table(self) -> list[Route]:
        """The routes for the application."""
        return [
            Route(f"{PLACE}/stream", self.stream_of_venue, methods=["GET"]),
            Route("/v1/stream", self.stream_by_name, methods=["GET"]),
        ]

    async def stream_of_venue(self, request: Request) -> Response:
        """SSE of one channel or several of one venue."""
        return await self._stream(request, self._admission.by_path)

    async def stream_by_name(self, request: Request) -> Response:
        """SSE of named channels."""
        return await self._stream(request, self._admission.by_name)

    async def _stream(self, request: Request, read: Reader) -> Response:
        try:
            return await self._admitted(request, read)
        except Full as full:
            return self._shed(request, full.reason, str(full))
        except Reauthenticate as error:
            self._metrics.reauths.labels(*error.args).inc()
            return reauthenticate(*error.args)
        except Refusal as refusal:
            if refusal.code is not Code.UNAVAILABLE:
                raise
            return self._shed(request, Reason.UNAVAILABLE, refusal.detail)

    async def _admitted(self, request: Request, read: Reader) -> Response:
        if self.draining:
            raise Full(Reason.DRAINING)
        address = self._limits.address_of(request)
        # What costs least to find out comes first: who is refused comes back.
        self._limits.check(address)
        asker = self._credentials.asker(request)
        wanted = await self._read(request, asker.principal, read)
        keys = [key for key, _ in wanted]
        asker.check(key.name for key in keys)
        join = join_of(request, wanted)
        if not self._hub.registry.has_room(keys):
            raise Full(Reason.CHANNELS)
        user = None if asker.principal is None else asker.principal.subject
        clubs = [key.club for key in keys]
        if request.method == "HEAD":
            self._limits.check_all(address, user, clubs)
            return _head(gzip=self._gzips(request))
        lease = self._limits.take(address, user, clubs)
        try:
            return self._live(request, wanted, join, asker.principal, lease)
        except BaseException:
            lease.end()
            raise

    def _live(
        self,
        request: Request,
        wanted: Wanted,
        join: Join,
        principal: Principal | None,
        lease: Lease,
    ) -> Response:
        expires = None if principal is None else principal.expires_at
        handover = can_hand_over(request.scope)
        way = coding(gzip=self._gzips(request), chunked=handover is not None and handover.chunked)
        headers = _headers(gzip=way.gzip)
        subscriber = self._hub.subscriber(wanted, join, way, expires=expires)
        subscriber.lease = lease
        if handover is None:
            return fallback_response(self._hub, self._pulse, subscriber, headers)
        return LiveResponse(self._hub, self._pulse, subscriber, handover, headers)

    def _gzips(self, request: Request) -> bool:
        return self._config.stream_gzip and accepts_gzip(request)

    async def _read(self, request: Request, principal: Principal | None, read: Reader) -> Wanted:
        try:
            return read(request, principal)
        except NotThere as refusal:
            raise await self._absence.confirm(refusal) from None

    def _shed(self, request: Request, reason: Reason, words: str) -> Response:
        self._metrics.shed.labels(reason.value).inc()
        return turned_away(request, reason, words)


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


def _headers(*, gzip: bool) -> dict[str, str]:
    return {**STREAM_HEADERS, "content-encoding": "gzip"} if gzip else STREAM_HEADERS


def _head(*, gzip: bool) -> Response:
    """The head of a stream, which has no length."""
    response = Response(headers=_headers(gzip=gzip))
    del response.headers["content-length"]
    return response


def accepts_gzip(request: Request) -> bool:
    """Whether `Accept-Encoding` allows gzip."""
    for item in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = item.strip().partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
