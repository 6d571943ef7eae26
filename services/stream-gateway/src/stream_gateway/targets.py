"""Targets: addresses that are refused before anything reads them."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from holdfast.contracts.problems import Code
from stream_gateway.problems import NOTHING_HERE, invalid, problem, request_id_of


class PlainTargets:
    """Refuses a query of more than `max_query` bytes, and a path with a `/` in disguise: decoded, it
    would stand between two segments, where the client wrote one."""

    def __init__(self, app: ASGIApp, max_query: int) -> None:
        self._app = app
        self._max_query = max_query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if b"%2f" in scope.get("raw_path", b"").lower():
                response = problem(Code.NOT_FOUND, NOTHING_HERE, request_id_of(scope), {})
                await response(scope, receive, send)
                return
            if len(scope["query_string"]) > self._max_query:
                refusal = invalid("query", f"has at most {self._max_query} bytes")
                response = problem(
                    refusal.code, refusal.detail, request_id_of(scope), refusal.facts
                )
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
