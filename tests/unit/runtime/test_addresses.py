"""Addresses: under which one a request counts."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from holdfast.runtime.addresses import Addresses

PROXIES = ("10.0.0.0/8", "2001:db8:1::/48")
DIRECT = Addresses()
PROXIED = Addresses(PROXIES)


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    client = None if peer is None else (peer, 1234)
    return Request({"type": "http", "client": client, "headers": headers})


def key(peer: str | None, *forwarded: str, addresses: Addresses = PROXIED) -> int | None:
    return addresses.key(request(peer, *forwarded))


HOME, OFFICE, PROXY = "8.8.8.8", "9.9.9.9", "10.0.0.1"


def test_the_peer_where_no_proxy_is_trusted() -> None:
    assert key(HOME, OFFICE, addresses=DIRECT) == key(HOME, addresses=DIRECT) is not None
    assert key(HOME, addresses=DIRECT) != key(OFFICE, addresses=DIRECT)


def test_a_peer_that_is_no_trusted_proxy_says_nothing_about_others() -> None:
    assert key(HOME, OFFICE) == key(HOME)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", None])
def test_a_peer_of_the_house_is_everybody(peer: str | None) -> None:
    assert key(peer, HOME, addresses=DIRECT) is None


def test_the_right_most_hop_that_is_no_proxy() -> None:
    for forwarded in (
        (HOME,),
        (f"{OFFICE}, {HOME}",),
        (f"{OFFICE},{HOME} , 10.9.9.9",),
        (OFFICE, HOME, "2001:db8:1::5, 10.2.2.2"),
        ("rubbish, , " + HOME,),
        (f"{HOME}:4711",),
        (f"::ffff:{HOME}",),
    ):
        assert key(PROXY, *forwarded) == key(HOME), forwarded


def test_addresses_of_a_house_count_where_a_trusted_proxy_names_them() -> None:
    outer = Addresses(("10.0.0.1",))
    assert key(PROXY, "192.168.0.7", addresses=outer) != key(PROXY, "192.168.0.8", addresses=outer)
    assert key(PROXY, "192.168.0.7", addresses=outer) is not None


@pytest.mark.parametrize("forwarded", [(), ("",), ("unknown",), ("10.0.0.2",), (f"{HOME}, x",)])
def test_a_proxy_that_does_not_say(forwarded: tuple[str, ...]) -> None:
    assert key(PROXY, *forwarded) is None


def test_an_ipv6_site_is_one() -> None:
    one, same, other = "2600:1:2:3::1", "2600:1:2:3:ffff::9", "2600:1:2:4::1"
    assert key(one) == key(same) != key(other)
    assert key(PROXY, f"[{same}]:443") == key(PROXY, one) == key(one)
    assert key("::ffff:8.8.8.8") == key(HOME)
    assert key("0:0:808:808::1") != key(HOME)


def test_only_networks_are_trusted() -> None:
    with pytest.raises(ValueError, match="rubbish"):
        Addresses(("rubbish",))
