"""Handover: takes a connection out of uvicorn once the response's head has been sent.

A generator per client costs five tasks and 45 KB; a connection that is handed over costs a transport
and a small protocol. Uvicorn does the request (parsing, routing, head) and is then told, in its own
terms, that the response is complete, so that it neither logs an error nor closes the connection nor
counts it among its own when it shuts down.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from stream_gateway.lobby import Lobby
from stream_gateway.plain import Plain

EXTENSION = "holdfast.handover"
MAX_HEAD = 64 * 1024
"""Bytes of a request's target and headers; uvicorn's parser has no bound."""
MAX_PIPELINE = 100
"""Requests that wait behind one."""
REFUSAL = b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Handover:
    """The connection of one request. Bound to that request's cycle, because a protocol whose client
    pipelines has parsed later requests by the time this one is answered."""

    __slots__ = ("_cycle", "_protocol", "chunked")

    def __init__(self, protocol: HandoverProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol: HandoverProtocol | None = protocol
        self._cycle: RequestResponseCycle | None = cycle
        self.chunked = cycle.scope["http_version"] == "1.1"
        """Whether what follows the head must be chunks; over HTTP/1.0 the end of the connection is
        the end of the response."""

    def release(self) -> tuple[asyncio.Transport, bool] | None:
        """The transport, and whether it is paused for writing: it is the caller's from now on, who
        sets a protocol on it in the same step. None when the client is gone.

        Only after `http.response.start` was sent without a content-length, once.
        """
        protocol, cycle = self._protocol, self._cycle
        self._protocol = self._cycle = None
        if protocol is None or cycle is None:
            raise RuntimeError("the connection has been handed over already")
        if cycle.disconnected:
            return None
        framed = cycle.chunked_encoding is self.chunked
        if not cycle.response_started or cycle.response_complete or not framed:
            raise RuntimeError("a connection is handed over between head and body only")
        cycle.response_complete = True
        cycle.message_event.set()
        return protocol.let_go(cycle)


class HeadTooLong(Exception):
    """More than MAX_HEAD bytes, or MAX_PIPELINE requests."""


class HandoverProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which offers each request its handover in `scope["extensions"]`, and waits
    for requests no longer than the lobby bears."""

    def __init__(self, *args: Any, lobby: Lobby, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lobby = lobby
        self._in_head = False
        self._head_size = 0
        self._too_long = False

    # Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._lobby.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lobby.leave(self)
        # Uvicorn leaves its timer running after a reset, and the timer keeps everything.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._lobby.stir(self)
        super().data_received(data)
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD and not self.transport.is_closing():
                self._too_long = True
                self.send_400_response("")

    def give_up(self) -> None:
        """The request does not come, or not to its end."""
        if self.transport.is_closing():
            return
        if self._in_head and self._is_idle():
            self.transport.write(REFUSAL % b"408 Request Timeout")
        self.transport.close()

    def let_go(self, cycle: RequestResponseCycle) -> tuple[asyncio.Transport, bool] | None:
        """Forget the connection as if it had been lost."""
        self.connections.discard(self)
        self._lobby.leave(self)
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return None
        self.server_state.total_requests += 1
        # Requests behind a stream that never ends are never answered.
        self.pipeline.clear()
        # Uvicorn stops reading while requests queue up; without reading no close is seen.
        self.flow.resume_reading()
        # Parser, cycle and protocol hold each other; let them go without the collector.
        self.parser = None  # type: ignore[assignment]
        self.cycle = cycle
        return self.transport, self.flow.write_paused

    # Parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_size = 0
        self._lobby.enter(self)

    def on_headers_complete(self) -> None:
        self._in_head = False
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._too_long = size > MAX_HEAD
        if self._too_long or len(self.pipeline) >= MAX_PIPELINE:
            raise HeadTooLong
        super().on_headers_complete()
        cycle = self.cycle
        if cycle and cycle.scope is self.scope:  # None before the first request
            # The application's task was created but has not run yet.
            extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
            extensions[EXTENSION] = Handover(self, cycle)
            # An upgrade that we do not do leaves the parser unable to read another request.
            if self._lobby.closing or self.parser.should_upgrade():
                cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._is_idle():
            self._lobby.enter(self)  # the rest of a body that nobody waited for
        else:
            self._lobby.leave(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_idle() and not self.transport.is_closing():
            self._lobby.rest(self)

    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        cycle = self.cycle
        return not cycle or cycle.response_complete

    # Uvicorn's words

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        old = cycle.scope["http_version"] < "1.1"
        super()._start_asgi_task(cycle, Plain(app, cycle) if old else app)  # type: ignore[arg-type]

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers to what is no request; a long one is told why."""
        if not self._too_long:
            super().send_400_response(msg)
            return
        self.transport.write(REFUSAL % b"431 Request Header Fields Too Large")
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """A server may ignore an upgrade (RFC 9110 §7.8); `curl --http2` asks for one each time."""


def can_hand_over(scope: Scope) -> Handover | None:
    """The handover of a request that may have one: a GET without a body."""
    handover: Handover | None = scope.get("extensions", {}).get(EXTENSION)
    if handover is None or scope["method"] != "GET":
        return None
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0"):
            return None
    return handover
