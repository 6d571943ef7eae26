"""Tickets: a bearer's right to some channels, for an EventSource, which can send no header.

    base64url(msgpack(claims)) "." base64url(HMAC-SHA256(key, msgpack(claims)))

Signed and kept nowhere, so that any gateway with the same secret takes it. The key is derived from the
tokens' secret: a ticket is no token and a token no ticket, whatever they contain. A channel is there
by a hash of 16 bytes, so a ticket for 64 channels fits a query string.

It stands in a URL, and URLs end up in logs: it opens a stream for a minute only. After that it
is good together with `Last-Event-ID`, which is a header that browsers send by themselves when they
come back and nobody sends by opening a link, until the token ends that it was given for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable

import msgspec

from holdfast.contracts.states import Role
from holdfast.runtime.auth import Principal, customer_id_of

PURPOSE = b"holdfast stream ticket 1"
MAX_TICKET = 4096
"""Characters; 64 channels for the longest subject are fewer."""
FIRST_USE_SECONDS = 60
_DIGEST = 16


class TicketInvalid(Exception):
    """Not a ticket of ours."""


class TicketEnded(Exception):
    """A ticket of ours that is good no more; `args[0]` is the reason for `event: reauth`."""


class _Claims(msgspec.Struct, frozen=True, array_like=True):
    """Times are seconds since the Unix epoch."""

    subject: str
    role: Role
    club: str | None
    token_ends: int
    first_use_until: int
    channels: bytes


class Ticket(msgspec.Struct, frozen=True):
    """A ticket that is good now."""

    principal: Principal
    _channels: frozenset[bytes]

    def covers(self, channel: str) -> bool:
        """Whether it was given for this channel, by name."""
        return _digest(channel) in self._channels


class Tickets:
    """Issues and reads them. `now`: seconds since the Unix epoch."""

    def __init__(self, secret: str, *, now: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(secret.encode(), PURPOSE, "sha256")
        self._now = now
        self._decoder = msgspec.msgpack.Decoder(_Claims)

    def issue(self, principal: Principal, channels: Iterable[str]) -> tuple[str, int]:
        """A ticket, and until when it opens a stream. Whether the principal may read the channels
        is the caller's to know."""
        until = min(int(self._now()) + FIRST_USE_SECONDS, principal.expires_at)
        claims = _Claims(
            subject=principal.subject,
            role=principal.role,
            club=principal.club,
            token_ends=principal.expires_at,
            first_use_until=until,
            channels=b"".join(map(_digest, dict.fromkeys(channels))),
        )
        packed = msgspec.msgpack.encode(claims)
        return f"{_text(packed)}.{_text(self._signature(packed))}", until

    def read(self, text: str, *, resumes: bool) -> Ticket:
        """`resumes`: the request came with a `Last-Event-ID`. Raises TicketInvalid, TicketEnded."""
        claims = self._verified(text)
        now = self._now()
        if claims.token_ends <= now:
            raise TicketEnded("token_expired")
        if not resumes and claims.first_use_until <= now:
            raise TicketEnded("ticket_expired")
        principal = Principal(
            subject=claims.subject,
            role=claims.role,
            club=claims.club,
            name=None,
            tier=None,
            expires_at=claims.token_ends,
            customer_id=customer_id_of(claims.subject),
        )
        digests = claims.channels
        starts = range(0, len(digests), _DIGEST)
        return Ticket(principal, frozenset(digests[at : at + _DIGEST] for at in starts))

    def _verified(self, text: str) -> _Claims:
        packed, separator, signature = text.partition(".")
        if not separator or len(text) > MAX_TICKET:
            raise TicketInvalid
        try:
            body = _bytes(packed)
            if not hmac.compare_digest(_bytes(signature), self._signature(body)):
                raise TicketInvalid
            return self._decoder.decode(body)
        except (ValueError, msgspec.MsgspecError):
            raise TicketInvalid from None

    def _signature(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, packed, "sha256")


def _digest(channel: str) -> bytes:
    return hashlib.sha256(channel.encode()).digest()[:_DIGEST]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(*error.args) from None
