"""Limits: how many streams there are, by node, address, user and club. Of this process alone.

Numbers in dictionaries, and one `Lease` per stream that says which of them it is counted in. Whoever
is given a lease sees to its end, once, whatever becomes of the stream; a number that comes to nothing
is forgotten.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable
from enum import StrEnum
from typing import TypeVar

from starlette.requests import Request

from holdfast.runtime.addresses import Addresses
from stream_gateway.config import Config

K = TypeVar("K", bound=Hashable)


class Reason(StrEnum):
    """Why a stream is turned away; the label of `holdfast_gateway_shed_total`."""

    DRAINING = "draining"
    NODE = "node"
    ADDRESS = "address"
    USER = "user"
    CLUB = "club"
    CHANNELS = "channels"
    UNAVAILABLE = "unavailable"


class Full(Exception):
    """A limit is reached."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(WORDS[reason])
        self.reason = reason


WORDS = {
    Reason.DRAINING: "this gateway takes no more streams",
    Reason.NODE: "this gateway has as many streams as it may",
    Reason.ADDRESS: "this address has as many streams as it may",
    Reason.USER: "this user has as many streams as they may",
    Reason.CLUB: "this club has as many streams as it may",
    Reason.CHANNELS: "this gateway has as many channels open as it may",
}


class Lease:
    """One stream's place in the counts."""

    __slots__ = ("_address", "_club", "_limits", "_other_clubs", "_user")

    def __init__(
        self, limits: Limits, address: int | None, user: str | None, clubs: list[str]
    ) -> None:
        self._limits: Limits | None = limits
        self._address = address
        self._user = user
        # Nearly always one club, and one string of each name for all: this is kept per client.
        self._club, *others = map(sys.intern, clubs)
        self._other_clubs = tuple(others)

    def end(self) -> None:
        """The stream is over. Does nothing the second time."""
        limits, self._limits = self._limits, None
        if limits is not None:
            limits.give_back(self._address, self._user, (self._club, *self._other_clubs))


class Limits:
    """Counts streams from before their heads are sent until their connections are lost."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._addresses = Addresses(config.trusted_proxies)
        self.streams = 0
        self.addresses: dict[int, int] = {}
        self.users: dict[str, int] = {}
        self.clubs: dict[str, int] = {}

    def address_of(self, request: Request) -> int | None:
        """What a request counts under; None: nobody's address in particular."""
        return self._addresses.key(request)

    def check(self, address: int | None) -> None:
        """What can be said before it is known who asks and for what. Raises Full."""
        if self.streams >= self._config.max_clients:
            raise Full(Reason.NODE)
        if (
            address is not None
            and self.addresses.get(address, 0) >= self._config.max_clients_per_address
        ):
            raise Full(Reason.ADDRESS)

    def check_all(self, address: int | None, user: str | None, clubs: Iterable[str]) -> None:
        """Whether there is room for one more. Raises Full."""
        self.check(address)
        if user is not None and self.users.get(user, 0) >= self._config.max_clients_per_user:
            raise Full(Reason.USER)
        most = self._config.max_clients_per_club
        if any(self.clubs.get(club, 0) >= most for club in clubs):
            raise Full(Reason.CLUB)

    def take(self, address: int | None, user: str | None, clubs: Iterable[str]) -> Lease:
        """Count one more, `user` None where nobody is signed in. Raises Full."""
        clubs = list(dict.fromkeys(clubs))
        self.check_all(address, user, clubs)
        self.streams += 1
        _count(self.addresses, address)
        _count(self.users, user)
        for club in clubs:
            _count(self.clubs, club)
        return Lease(self, address, user, clubs)

    def give_back(self, address: int | None, user: str | None, clubs: Iterable[str]) -> None:
        """Count one less; for leases."""
        self.streams -= 1
        _discount(self.addresses, address)
        _discount(self.users, user)
        for club in clubs:
            _discount(self.clubs, club)


def _count(counts: dict[K, int], key: K | None) -> None:
    if key is not None:
        counts[key] = counts.get(key, 0) + 1


def _discount(counts: dict[K, int], key: K | None) -> None:
    if key is None:
        return
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]
