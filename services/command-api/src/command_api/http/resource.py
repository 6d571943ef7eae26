"""A resource: the ASGI application at one path, with a handler for each method.

It stands right behind the router, so a request passes no middleware classes on its way; whatever a
handler raises becomes a problem here.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from command_api.http.answer import Answer
from command_api.http.call import Call, ClientGone, Services, request_id_of
from command_api.http.problems import Refused, problem
from holdfast.contracts.problems import Code

Handler = Callable[[Call], Awaitable[Answer]]
Observe = Callable[[str, str, int, float], None]
"""(path template, method, status, seconds)."""


class Resource:
    """`path` names the resource in metrics; `handlers` by method, HEAD is answered as GET."""

    def __init__(
        self, path: str, handlers: dict[str, Handler], services: Services, observe: Observe | None
    ) -> None:
        self._path = path
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join(sorted(self._handlers)).encode()
        self._services = services
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        call = Call(scope, receive, self._services)
        handler = self._handlers.get(call.method, self._not_allowed)
        try:
            answer = await handler(call)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - every error has an answer
            answer = problem(error, call.request_id)
        await answer.send(send, call.request_id)
        if self._observe is not None:
            seconds = time.perf_counter() - began
            self._observe(self._path, call.method, answer.status, seconds)

    async def _not_allowed(self, call: Call) -> Answer:
        raise Refused(
            Code.METHOD_NOT_ALLOWED,
            f"{call.method} is not possible here.",
            headers=((b"allow", self._allow),),
        )


async def not_found(scope: Scope, _receive: Receive, send: Send) -> None:
    """What the router does with a path that it does not know."""
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1000})
        return
    request_id = request_id_of(dict(scope["headers"]).get(b"x-request-id"))
    answer = problem(Refused(Code.NOT_FOUND, "There is nothing at this address."), request_id)
    await answer.send(send, request_id)
