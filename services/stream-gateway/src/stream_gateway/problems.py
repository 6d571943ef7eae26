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
NOTHING_HERE = "There is nothing at this address."


class Refusal(Exception):
    """A request that is not served: `code`, words, and the facts that belong to the code.
    `retry_after`: seconds, with a 503."""

    def __init__(
        self, code: Code, detail: str, *, retry_after: float = RETRY_AFTER, **facts: Any
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = round(retry_after)
        self.facts = facts


def invalid(parameter: str, message: str) -> Refusal:
    """400 for one query parameter."""
    refusal = invalid_body(parameter, message)
    refusal.facts["parameter"] = parameter
    return refusal


def invalid_body(path: str, message: str) -> Refusal:
    """400 for one member of a body; an empty path means the whole."""
    detail = f"{path}: {message}." if path else f"{message}."
    errors = [{"path": path, "message": message}]
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def problem(
    code: Code,
    detail: str,
    request_id: str,
    facts: dict[str, Any],
    *,
    retry_after: int = RETRY_AFTER,
) -> Response:
    """The response to a refusal."""
    headers = {"cache-control": "no-store"}
    if code is Code.UNAVAILABLE:
        headers["retry-after"] = str(retry_after)
    if code is Code.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    return Response(
        problem_body(code, detail, request_id, facts),
        status_code=STATUS[code],
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def request_id_of(scope: Scope) -> str:
    """The id of the request, as `RequestIds` has set it."""
    return str(scope.get("holdfast.request_id", ""))


async def refused(request: Request, error: Exception) -> Response:
    """Exception handler for Refusal."""
    assert isinstance(error, Refusal)
    return problem(
        error.code,
        error.detail,
        request_id_of(request.scope),
        error.facts,
        retry_after=error.retry_after,
    )


async def http_error(request: Request, error: Exception) -> Response:
    """Exception handler for Starlette's own refusals: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    code, detail = Code.INTERNAL, error.detail
    if error.status_code == 404:
        code, detail = Code.NOT_FOUND, NOTHING_HERE
    elif error.status_code == 405:
        code, detail = Code.METHOD_NOT_ALLOWED, f"{request.method} is not possible here."
    response = problem(code, detail, request_id_of(request.scope), {})
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
