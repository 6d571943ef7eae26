"""Settings of the gateway: one frozen struct, read once from `HOLDFAST_…` variables."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from holdfast.contracts.channels import MAX_CHANNELS
from holdfast.runtime.config import ConfigError, Origin
from holdfast.runtime.serve import KEEP_ALIVE_SECONDS

Port = Annotated[int, Meta(ge=0, le=65_535)]
Seconds = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Bytes = Annotated[int, Meta(ge=1024)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is a setting: `jwt_secret` is `HOLDFAST_JWT_SECRET`."""

    jwt_secret: Annotated[str, Meta(min_length=32)]
    nats_url: str = "nats://127.0.0.1:4222"
    stream_gateway_host: str = "0.0.0.0"  # noqa: S104 (a container's port must be reachable)
    stream_gateway_port: Port = 8081
    admin_port: Port | None = None
    """`/metrics` and the probes once more; 0 takes a free port, none set means no listener."""
    cors_origins: tuple[Origin, ...] = ()
    command_api_url: str = "http://127.0.0.1:8080"
    """Where the demo pages send commands; handed to them by `/config.json`."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_style: Literal["json", "text"] = "json"
    access_log: bool = False
    """One line for each stream that ends."""

    max_clients: Annotated[int, Meta(ge=1)] = 50_000
    """Streams of this process; the next three are of this process as well."""
    max_clients_per_address: Annotated[int, Meta(ge=1)] = 1000
    """One IPv4 address, or 64 bits of an IPv6 one; enough for a hall behind one router."""
    max_clients_per_user: Annotated[int, Meta(ge=1)] = 100
    """One subject: all windows and devices of a person, or of a desk."""
    max_clients_per_club: Annotated[int, Meta(ge=1)] = 40_000
    """So that one club's evening leaves room for the others."""
    max_channels_per_client: Annotated[int, Meta(ge=1, le=MAX_CHANNELS)] = MAX_CHANNELS
    max_query_bytes: Bytes = 20 * 1024
    """64 of the longest channel names, percent-encoded, and a ticket."""
    trusted_proxies: tuple[str, ...] = ()
    """CIDRs of the proxies whose `X-Forwarded-For` is believed."""
    checkpoint_seconds: Positive = 15.0
    max_age_seconds: Positive = 3600.0
    """A stream is closed after this long, ± 20 %, so that load spreads over new gateways."""
    stuck_seconds: Positive = 30.0
    """A client that takes nothing for so long while something waits for it is cut."""
    behind_seconds: Positive = 120.0
    """A client that takes something now and then but does not catch up is closed after so long."""
    stream_gzip: bool = True
    """Whether streams go out compressed to clients that accept gzip."""
    keep_alive_seconds: Positive = KEEP_ALIVE_SECONDS
    """How long a connection may be idle between two requests."""
    drain_seconds: Seconds = 10.0
    drain_deadline_seconds: Positive = 5.0
    """After the drain window: how long the last answers may take."""
    dead_peer_seconds: Positive = 30.0
    """How long sent bytes may stay unacknowledged before the kernel gives a connection up."""
    request_seconds: Positive = 10.0
    """A connection that has not sent a whole request for so long is closed."""
    max_waiting: Annotated[int, Meta(ge=1)] = 10_000
    """Connections without a whole request; beyond that the oldest are closed."""

    open_seconds: Positive = 10.0
    """How long the first subscriber of a channel waits for it at most."""
    max_channels: Annotated[int, Meta(ge=1)] = 20_000
    max_sections: Annotated[int, Meta(ge=1)] = 1_000_000
    """Channels, and sections in all of them, that are open at once, about half a KiB each; beyond
    that a channel nobody has open yet is refused for now. Anybody may name any date."""
    idle_channel_seconds: Seconds = 30.0
    ring_bytes: Bytes = 8 * 1024 * 1024
    """Recent frames that one channel keeps for replay."""
    ring_total_bytes: Bytes = 256 * 1024 * 1024
    presence_seconds: Positive = 1.0
    """How often gateways tell each other, and staff, how many watch what."""
    heartbeat_seconds: Positive = 1.0
    verify_seconds: Positive = 5.0
    """How often the history behind us is compared with the stream's leader."""

    def __post_init__(self) -> None:
        """What the types cannot say. Raises ConfigError."""
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ConfigError("HOLDFAST_TRUSTED_PROXIES", str(error)) from None
