"""Limits: who is counted, what is refused, and that nothing is left."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from tests.support.services import SECRET

from holdfast.runtime.config import ConfigError, load_config
from stream_gateway.config import Config
from stream_gateway.limits import Full, Lease, Limits, Reason

HERE, THERE = 1, 2


def limits(**settings: int) -> Limits:
    return Limits(Config(jwt_secret=SECRET, **settings))  # type: ignore[arg-type]


def refused(taking: Limits, address: int | None, user: str | None, *clubs: str) -> Reason | None:
    """Why one more is refused; it is counted where it is not."""
    try:
        taking.take(address, user, clubs)
    except Full as full:
        return full.reason
    return None


def nothing_is_left(taking: Limits) -> bool:
    return not (taking.streams or taking.addresses or taking.users or taking.clubs)


def test_each_limit_by_itself() -> None:
    node = limits(max_clients=1)
    assert refused(node, HERE, None, "a") is None
    assert refused(node, THERE, None, "b") is Reason.NODE
    address = limits(max_clients_per_address=1)
    assert refused(address, HERE, "ada", "a") is None
    assert refused(address, HERE, "ben", "b") is Reason.ADDRESS
    assert refused(address, THERE, "ada", "a") is None
    user = limits(max_clients_per_user=1)
    assert refused(user, HERE, "ada", "a") is None
    assert refused(user, THERE, "ada", "b") is Reason.USER
    assert refused(user, HERE, "ben", "a") is None
    club = limits(max_clients_per_club=1)
    assert refused(club, HERE, "ada", "a") is None
    assert refused(club, THERE, "ben", "b", "a") is Reason.CLUB
    assert refused(club, HERE, "ada", "b") is None


def test_nobody_in_particular_shares_no_limit() -> None:
    taking = limits(max_clients_per_address=1, max_clients_per_user=1)
    assert [refused(taking, None, None, "a") for _ in range(5)] == [None] * 5
    assert not taking.addresses
    assert not taking.users


def test_a_refusal_counts_nowhere() -> None:
    taking = limits(max_clients_per_club=1)
    lease = taking.take(HERE, "ada", ["a", "b"])
    assert refused(taking, THERE, "ben", "c", "b") is Reason.CLUB
    lease.end()
    assert nothing_is_left(taking)


def test_a_lease_ends_once() -> None:
    taking = limits()
    first, second = (taking.take(HERE, "ada", ["a", "a"]) for _ in range(2))
    assert (taking.streams, taking.clubs) == (2, {"a": 2})
    for _ in range(3):
        first.end()
    assert (taking.streams, taking.clubs, taking.users) == (1, {"a": 1}, {"ada": 1})
    second.end()
    assert (taking.streams, taking.clubs, taking.addresses) == (0, {}, {})


def test_numbers_are_those_of_the_leases_that_are_open() -> None:
    taking = limits(max_clients=40, max_clients_per_address=9, max_clients_per_club=20)
    chance = random.Random(7)
    open_: list[tuple[Lease, int | None, str | None, tuple[str, ...]]] = []
    for _ in range(3000):
        if open_ and chance.random() < 0.5:
            open_.pop(chance.randrange(len(open_)))[0].end()
            continue
        address = chance.choice([None, *range(6)])
        user = chance.choice([None, "ada", "ben"])
        clubs = tuple(chance.sample("abcd", chance.randint(1, 3)))
        with suppress(Full):
            open_.append((taking.take(address, user, clubs), address, user, clubs))
        assert taking.streams == len(open_)
        for each, number in taking.addresses.items():
            assert number == sum(1 for _, address, _, _ in open_ if address == each) <= 9
        for name, number in taking.users.items():
            assert number == sum(1 for _, _, user, _ in open_ if user == name)
        for club, number in taking.clubs.items():
            assert number == sum(1 for *_, clubs in open_ if club in clubs) <= 20
    for lease, *_ in open_:
        lease.end()
    assert nothing_is_left(taking)


def test_a_proxy_that_is_no_network_ends_the_start_by_its_name() -> None:
    environ = {"HOLDFAST_JWT_SECRET": SECRET, "HOLDFAST_TRUSTED_PROXIES": "10.0.0.0/8, 10.0.0.1/8"}
    with pytest.raises(ConfigError, match=r"HOLDFAST_TRUSTED_PROXIES: 10\.0\.0\.1/8"):
        load_config(Config, environ)
