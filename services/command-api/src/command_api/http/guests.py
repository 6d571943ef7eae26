"""Guests: customers without an account get a token of their own, at a bounded rate."""

from __future__ import annotations

import math
import secrets
import time

from command_api.http.rates import Rates
from holdfast.contracts.customers import GuestSession
from holdfast.contracts.ids import timestamp
from holdfast.contracts.states import Role
from holdfast.runtime.addresses import Addresses
from holdfast.runtime.auth import issue_token

MINUTE = 60.0
NODE_FACTOR = 50
"""A process gives as many sessions as this many addresses may ask for."""


class TooManyGuests(Exception):
    """The rate is reached; again after `retry_after` whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after


class Guests:
    """`per_minute`: sessions for one address. An address that stands for many (a load balancer of the
    house that is no trusted proxy) is bounded by the process's own rate alone."""

    def __init__(
        self, secret: str, addresses: Addresses, *, per_minute: int, session_seconds: int
    ) -> None:
        self._secret = secret
        self._addresses = addresses
        self._seconds = session_seconds
        self._by_address = Rates(per_minute, MINUTE, time.monotonic)
        self._by_node = Rates(per_minute * NODE_FACTOR, MINUTE, time.monotonic)

    def admit(self, peer: str | None, forwarded_for: str) -> None:
        """Count one session for whoever asks. Raises TooManyGuests."""
        address = self._addresses.find(peer, forwarded_for)
        wait = 0.0 if address is None else self._by_address.take(address)
        wait = wait or self._by_node.take(None)
        if wait:
            raise TooManyGuests(math.ceil(wait))

    def session(self, club: str) -> GuestSession:
        """A new guest of the club."""
        customer_id = f"guest_{secrets.token_hex(12)}"
        token = issue_token(
            self._secret,
            role=Role.CUSTOMER,
            subject=customer_id,
            club=club,
            guest=True,
            ttl=self._seconds,
        )
        expires_at = timestamp((int(time.time()) + self._seconds) * 1000)
        return GuestSession(token=token, customer_id=customer_id, expires_at=expires_at)
