"""Problems: refusals as RFC 9457 bodies, each with the request's id."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holdfast.contracts.problems import PROBLEM_JSON, STATUS, Code, problem_body

log = logging.getLogger("holdfast.gateway.http")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
RETRY_AFTER = 2
"""Seconds, with every 503."""
_BY_STATUS = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}


class Refusal(Exception):
    """A request that is not served: `code`, words, and the facts that belong to the code."""

    def __init__(self, code: Code, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.facts = facts


def invalid(parameter: str, detail: str) -> Refusal:
    """400 for one query parameter."""
    return Refusal(Code.VALIDATION_FAILED, f"{parameter}: {detail}", parameter=parameter)


def problem(code: Code, detail: str, request_id: str, facts: dict[str, Any]) -> Response:
    """The response to a refusal."""
    headers = {"cache-control": "no-store"}
    if code is Code.UNAVAILABLE:
        headers["retry-after"] = str(RETRY_AFTER)
    if code is Code.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    return Response(
        problem_body(code, detail, request_id, facts),
        status_code=STATUS[code],
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def request_id(request: Request) -> str:
    """The id of the request, as `RequestIds` has set it."""
    return str(request.scope.get("holdfast.request_id", ""))


async def refused(request: Request, error: Exception) -> Response:
    """Exception handler for Refusal."""
    assert isinstance(error, Refusal)
    return problem(error.code, error.detail, request_id(request), error.facts)


async def http_error(request: Request, error: Exception) -> Response:
    """Exception handler for Starlette's own refusals: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, Code.INTERNAL)
    response = problem(code, error.detail, request_id(request), {})
    response.headers.update(error.headers or {})
    return response


class RequestIds:
    """Takes `X-Request-Id` or makes one, gives it back, and turns a crash into a 500 with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        id_ = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        scope["holdfast.request_id"] = id_
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = id_
                headers["x-content-type-options"] = "nosniff"
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            log.exception("request %s failed: %s", id_, scope["path"])
            if started:
                raise
            response = problem(Code.INTERNAL, "something broke on our side", id_, {})
            await response(scope, receive, send_with_id)
