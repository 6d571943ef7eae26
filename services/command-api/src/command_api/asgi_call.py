"""Call the HTTP application in-process, as if a request had come over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import msgspec

from holdfast.contracts.rpc import CommandReply, CommandRequest

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

MAX_REPLY = 7 * 1024 * 1024
"""Bytes; below what NATS carries in one message."""


class ReplyTooLarge(Exception):
    """The application answered more than one message can carry."""


async def call(app: AsgiApp, command: CommandRequest, headers: dict[str, str]) -> CommandReply:
    """The application's answer. Raises ReplyTooLarge."""
    body = b"" if command.body is None else msgspec.json.encode(command.body)
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    start: Message = {"status": 500, "headers": []}
    chunks: list[bytes] = []

    async def receive() -> Message:
        return requests.pop() if requests else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))
            if sum(map(len, chunks)) > MAX_REPLY:
                raise ReplyTooLarge

    await app(_scope(command, headers, len(body)), receive, send)
    answered = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return CommandReply(
        status=start["status"], headers=answered, body=_json(b"".join(chunks), answered)
    )


def _json(body: bytes, headers: dict[str, str]) -> msgspec.Raw | None:
    """A body that is no JSON goes as a JSON string."""
    if not body:
        return None
    if "json" in headers.get("content-type", ""):
        return msgspec.Raw(body)
    return msgspec.Raw(msgspec.json.encode(body.decode(errors="replace")))


def _scope(command: CommandRequest, headers: dict[str, str], length: int) -> Message:
    path, _, query = command.path.partition("?")
    given = {**headers, "host": "nats", "accept": "application/json"}
    if length:
        given |= {"content-type": "application/json", "content-length": str(length)}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": command.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in given.items()
        ],
        "client": ("nats", 0),
        "server": ("nats", 0),
        "state": {},
    }
