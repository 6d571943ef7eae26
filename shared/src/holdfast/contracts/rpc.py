"""Requests over NATS: `holdfast.v1.snapshot`, `holdfast.v1.command`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from holdfast.contracts.wire import Request, Wire


class SnapshotRequest(Request, kw_only=True):
    """Body of `holdfast.v1.snapshot`; the reply is a `SnapshotRecord` (JSON, gzip where the reply
    has `content-encoding: gzip`) or an `RpcProblem` with the micro error headers."""

    channel: str


class CommandRequest(Request, kw_only=True):
    """Body of `holdfast.v1.command`; the bearer and the idempotency key travel as NATS headers
    `Authorization` and `Idempotency-Key`."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Meta(pattern=r"^/v1/", max_length=4000)]
    body: Any = None


class CommandReply(Wire, kw_only=True):
    status: int
    headers: dict[str, str]
    body: Any
    """The answer's JSON; null where it has none."""
