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

EXTENSION = "holdfast.handover"


class Handover:
    """The connection of one request. Bound to that request's cycle, because a protocol whose client
    pipelines has parsed later requests by the time this one is answered."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: HandoverProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol: HandoverProtocol | None = protocol
        self._cycle: RequestResponseCycle | None = cycle

    def release(self) -> tuple[asyncio.Transport, bool] | None:
        """The transport, and whether it is paused for writing: it is the caller's from now on, who
        sets a protocol on it in the same step. None when the client is gone.

        Only after `http.response.start` was sent with chunked encoding, once.
        """
        protocol, cycle = self._protocol, self._cycle
        self._protocol = self._cycle = None
        if protocol is None or cycle is None:
            raise RuntimeError("the connection has been handed over already")
        if not cycle.response_started or cycle.response_complete or not cycle.chunked_encoding:
            raise RuntimeError("a connection is handed over between head and body only")
        cycle.response_complete = True
        cycle.message_event.set()
        return protocol.let_go(cycle)


class HandoverProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which offers each request its handover in `scope["extensions"]`."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cycle = self.cycle
        if cycle and cycle.scope is self.scope:  # None before the first request
            # The application's task was created but has not run yet.
            extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
            extensions[EXTENSION] = Handover(self, cycle)

    def let_go(self, cycle: RequestResponseCycle) -> tuple[asyncio.Transport, bool] | None:
        """Forget the connection as if it had been lost."""
        self.connections.discard(self)
        self._unset_keepalive_if_required()
        if cycle.disconnected or self.transport.is_closing():
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


def can_hand_over(scope: Scope) -> Handover | None:
    """The handover of a request that may have one: a GET over HTTP/1.1 without a body."""
    handover: Handover | None = scope.get("extensions", {}).get(EXTENSION)
    if handover is None or scope["method"] != "GET" or scope["http_version"] != "1.1":
        return None
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0"):
            return None
    return handover
