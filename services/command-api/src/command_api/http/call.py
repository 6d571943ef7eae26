"""A call: one HTTP request, with what it needs of the service. Headers and query are read when they are
asked for: most calls need few."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope

from command_api.cache import Recent
from command_api.http.guests import Guests
from command_api.http.nearby import Nearby
from command_api.http.payment_secrets import PaymentSecrets
from command_api.http.problems import Refused, invalid
from command_api.store.reads import Reads
from command_api.store.venues import VenueStored
from command_api.writer import Writer
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import VenueDefinition
from holdfast.runtime.auth import TokenVerifier

PutVenue = Callable[[str, str, VenueDefinition, int | None], Awaitable[VenueStored]]

MAX_QUERY_FIELDS = 100
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")


class Services(msgspec.Struct, kw_only=True):
    """What handlers work with. `clock` gives now as RFC 3339, by the database's time. `places`
    remembers which channel a record made here is in, by (club, id), which spares confirming and
    releasing a read; a booking that moved is looked up after all. `nearby` finds alternatives;
    `stale_attempt` is told of each request that lost to what its asker had not seen yet."""

    writer: Writer
    reads: Reads
    put_venue: PutVenue
    verifier: TokenVerifier
    clock: Callable[[], str]
    readiness: Callable[[], dict[str, bool]]
    guests: Guests
    payment_secrets: PaymentSecrets = msgspec.field(default_factory=PaymentSecrets)
    places: Recent[tuple[str, str], ChannelKey] = msgspec.field(
        default_factory=lambda: Recent(100_000)
    )
    nearby: Nearby = msgspec.field(default_factory=Nearby)
    stale_attempt: Callable[[], None] = lambda: None


class Call:
    """`params` are the path's; handlers check them."""

    __slots__ = (
        "_headers",
        "_query",
        "_receive",
        "method",
        "params",
        "path",
        "request_id",
        "scope",
        "services",
    )

    def __init__(self, scope: Scope, receive: Receive, services: Services) -> None:
        self.scope = scope
        self.services = services
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.params: dict[str, str] = scope.get("path_params", {})
        self._receive = receive
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._query: dict[str, str] | None = None
        self.request_id = request_id_of(self._headers.get(b"x-request-id"))

    def header(self, name: bytes) -> str | None:
        """The value of a header by its lower-case name; the last one where it came twice."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last one where one came twice."""
        if self._query is None:
            try:
                text = self.scope["query_string"].decode("ascii")
                pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
            except ValueError:
                raise invalid("query", "the query string cannot be read") from None
            self._query = dict(pairs)
        return self._query

    async def body(self, limit: int) -> bytes:
        """The whole body; raises Refused where it is above `limit` bytes."""
        declared = self._headers.get(b"content-length")
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise too_large(limit)
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if not message.get("more_body", False):
            body: bytes = message.get("body", b"")
            if len(body) > limit:
                raise too_large(limit)
            return body
        return await self._long_body(message.get("body", b""), limit)

    async def _long_body(self, first: bytes, limit: int) -> bytes:
        parts, size = [first], len(first)
        while size <= limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body", False):
                break
        if size > limit:
            raise too_large(limit)
        return b"".join(parts)


class ClientGone(Exception):
    """The client left before its request was complete: nobody reads an answer."""


def too_large(limit: int) -> Refused:
    return Refused(Code.PAYLOAD_TOO_LARGE, f"A body has at most {limit} bytes here.", max=limit)


def request_id_of(given: bytes | None) -> str:
    """The asker's own `X-Request-Id` where it is a plain token, else a new one."""
    if given is not None and _REQUEST_ID.match(given):
        return given.decode()
    return secrets.token_hex(8)
