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
    """The application's answer; its body, where there is one, is JSON. Raises ReplyTooLarge."""
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
    answer = b"".join(chunks)
    return CommandReply(
        status=start["status"],
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]
        },
        body=msgspec.Raw(answer) if answer else None,
    )


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
