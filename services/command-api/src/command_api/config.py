"""Settings of the command-api: one frozen struct, read once from `HOLDFAST_…` variables."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from holdfast.runtime.config import ConfigError, Origin
from holdfast.runtime.serve import KEEP_ALIVE_SECONDS
from holdfast.runtime.signatures import SECRET_PATTERN

PaymentSecret = Annotated[str, Meta(pattern=rf"^(?:[A-Za-z0-9_-]{{1,64}}=)?{SECRET_PATTERN}$")]
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
    payment_secrets: tuple[PaymentSecret, ...] = ()
    """What payment events are signed with: `whsec_…` for all clubs, `{club}=whsec_…` for one; several,
    so that they can be changed. Without one, payment events are refused."""
    trusted_proxies: tuple[str, ...] = ()
    """CIDRs of proxies whose `X-Forwarded-For` is believed."""
    guest_sessions_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """For one address; a process gives fifty times as many."""
    guest_session_seconds: Annotated[int, Meta(ge=60, le=7 * 86_400)] = 7200
    pool_size: Annotated[int, Meta(ge=2, le=200)] = 10
    """Connections of the writer's role, for reads and for turns under a lock; the relay's role has
    half as many."""
    keep_alive_seconds: Annotated[float, Meta(gt=0)] = KEEP_ALIVE_SECONDS
    """How long a connection may be idle between two requests."""
    drain_seconds: Annotated[float, Meta(ge=0)] = 10.0
    """How long requests under way may take at a stop."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_style: Literal["json", "text"] = "json"

    def __post_init__(self) -> None:
        """What the types cannot say. Raises ConfigError."""
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ConfigError("HOLDFAST_TRUSTED_PROXIES", str(error)) from None
