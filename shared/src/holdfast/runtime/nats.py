"""The NATS connection as both services need it, and JetStream's JSON API as plain requests.

nats-py's defaults hide failures for minutes (pings every 120 s), buffer what is published while
disconnected and give up reconnecting after a while; here all of that is explicit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError

log = logging.getLogger("holdfast.nats")

T = TypeVar("T")
Hook = Callable[[], Awaitable[None]]


class ApiError(Exception):
    """JetStream answered with an error. `code` is HTTP-like, `err_code` names the condition."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({code}, {err_code})")
        self.code = code
        self.err_code = err_code
        self.description = description


NOT_FOUND_STREAM = 10059
NOT_FOUND_MESSAGE = 10037
NOT_FOUND_CONSUMER = 10014
WRONG_LAST_SEQUENCE = 10071
NAME_IN_USE = 10058


async def _nothing() -> None:
    return None


async def connect_nats(
    url: str,
    name: str,
    *,
    on_disconnect: Hook = _nothing,
    on_reconnect: Hook = _nothing,
    on_closed: Hook = _nothing,
    client: Client | None = None,
) -> Client:
    """Connect, the first time too, for as long as it takes; pings every 5 s; publishing while cut
    off raises nats.errors.OutboundBufferLimitError instead of piling up.

    Bound the first connection with `asyncio.timeout` where waiting for ever is wrong. Give a fresh
    `client` where its users are made before it is connected; until then its methods raise.

    nats-py ends a connection for good at most errors that the server reports (`-ERR`), for instance
    when credentials have expired: `on_closed` is told of that, and of our own `close`.
    """

    async def on_error(error: Exception) -> None:
        # permission violations and slow consumers are reported only here
        log.warning("nats: %s", error or type(error).__name__)

    nc = client or Client()
    await nc.connect(
        url,
        name=name,
        error_cb=on_error,
        disconnected_cb=on_disconnect,
        reconnected_cb=on_reconnect,
        closed_cb=on_closed,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type] # seconds; annotated as int
        ping_interval=5,
        max_outstanding_pings=2,
        connect_timeout=5,
        pending_size=-1,
    )
    return nc


async def cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Await a call of nats-py so that a cancellation is heeded.

    nats-py's flush swallows a CancelledError that meets it (`Client._flush_pending`): the call goes
    on, a time limit around it never ends it, and a loop that was told to stop runs on for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await work
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


async def jetstream_api(
    nc: Client, verb: str, body: Any = None, *, timeout: float = 5.0
) -> dict[str, Any]:
    """One request to `$JS.API.{verb}`; raises ApiError, nats.errors.Error on time-out or cut."""
    payload = b"" if body is None else msgspec.json.encode(body)
    message = await cancellable(nc.request(f"$JS.API.{verb}", payload, timeout=timeout))
    reply: dict[str, Any] = msgspec.json.decode(message.data)
    error = reply.get("error")
    if error is not None:
        raise ApiError(
            error.get("code", 500), error.get("err_code", 0), error.get("description", "")
        )
    return reply


__all__ = ["ApiError", "Client", "NatsError", "cancellable", "connect_nats", "jetstream_api"]
