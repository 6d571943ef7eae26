"""Settings of the command-api: one frozen struct, read once from `HOLDFAST_…` variables."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from holdfast.runtime.config import Origin
from holdfast.runtime.serve import KEEP_ALIVE_SECONDS

Port = Annotated[int, Meta(ge=0, le=65_535)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is a setting: `jwt_secret` is `HOLDFAST_JWT_SECRET`."""

    jwt_secret: Annotated[str, Meta(min_length=32)]
    postgres_url: str
    """A login that is a member of the roles holdfast_writer and holdfast_relay."""
    postgres_owner_url: str | None = None
    """For `migrate` alone: a login that may create roles the first time; `postgres_url` if none."""
    nats_url: str = "nats://127.0.0.1:4222"
    nats_replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    """Copies of each stream: 3 in production."""
    command_api_host: str = "0.0.0.0"  # noqa: S104 (a container's port must be reachable)
    command_api_port: Port = 8080
    admin_port: Port | None = None
    """`/metrics` and the probes once more; 0 takes a free port, none set means no listener."""
    cors_origins: tuple[Origin, ...] = ()
    pool_size: Annotated[int, Meta(ge=2, le=200)] = 10
    """Connections of the writer's role, for reads and for turns under a lock; the relay's role has
    half as many."""
    keep_alive_seconds: Annotated[float, Meta(gt=0)] = KEEP_ALIVE_SECONDS
    """How long a connection may be idle between two requests."""
    drain_seconds: Annotated[float, Meta(ge=0)] = 10.0
    """How long requests under way may take at a stop."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_style: Literal["json", "text"] = "json"
