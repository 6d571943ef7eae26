"""Addresses: whose connection it is, for counting.

    peer is a trusted proxy?  no ─▶ the peer
                              yes ─▶ the right-most hop of X-Forwarded-For that is none

Every hop left of that was written by somebody we know nothing of. `Forwarded` (RFC 7239) is not read:
a proxy that sets one of the two headers lets the other through as the client wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

Address = IPv4Address | IPv6Address

SITE = 64
"""Bits of an IPv6 address that name a household or a machine; the rest it picks as it likes."""
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?\Z|(?P<four>[\d.]+):\d+\Z")


class Addresses:
    """Finds the address to count a request under. `trusted`: CIDRs of proxies; raises ValueError."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._trusted = [ip_network(each) for each in trusted]

    def key(self, request: Request) -> int | None:
        """The address as a number, an IPv6 one by its first half; None: nobody's in particular.

        A peer that is no proxy we know of and has no global address is a load balancer of the house
        or a machine of our own: behind it are all clients, so it is not counted as one.
        """
        host = request.client.host if request.client else None
        return self.find(host, ",".join(request.headers.getlist("x-forwarded-for")))

    def find(self, host: str | None, forwarded_for: str) -> int | None:
        """As `key`, of the peer's address and the value of `X-Forwarded-For`."""
        peer = _parsed(host) if host else None
        if peer is None:
            return None
        if not self._is_trusted(peer):
            return _key(peer) if peer.is_global else None
        for hop in reversed(forwarded_for.split(",")):
            address = _parsed(hop)
            if address is None:
                return None
            if not self._is_trusted(address):
                return _key(address)
        return None

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _parsed(text: str) -> Address | None:
    """An address as proxies write it: with or without a port, an IPv4 one in IPv6 or not."""
    text = text.strip()
    match = _WITH_PORT.match(text)
    if match is not None:
        text = match["six"] or match["four"]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _key(address: Address) -> int:
    if isinstance(address, IPv4Address):
        return int(address)
    # Above every IPv4 address, so that the two never meet.
    return (1 << SITE) | (int(address) >> (128 - SITE))
