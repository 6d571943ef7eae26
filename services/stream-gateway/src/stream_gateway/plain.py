"""Plain: responses for HTTP/1.0, which knows no chunks: such a body ends with its connection.

Uvicorn sends `Transfer-Encoding: chunked` to everybody, which RFC 9112 §6.1 forbids here: the client
would take the chunks' framing for content.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Plain:
    """`app`, answering the request of `cycle` without chunks."""

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take uvicorn's count of the body for each piece alone, since the whole has no length."""
        cycle = self._cycle
        endless = False

        async def send_plain(message: Message) -> None:
            nonlocal endless
            if message["type"] == "http.response.start":
                endless = all(name != b"content-length" for name, _ in message["headers"])
                if endless:
                    cycle.chunked_encoding = False
            elif endless and scope["method"] != "HEAD":
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, send_plain)
