"""Tickets: what they say, how long they are good, and what they are not."""

from __future__ import annotations

import pytest
from tests.support.services import SECRET, token

from holdfast.contracts.channels import MAX_CHANNELS, ChannelKey
from holdfast.contracts.states import Audience, Role
from holdfast.runtime.auth import InvalidToken, Principal, TokenVerifier, customer_id_of
from stream_gateway.tickets import (
    FIRST_USE_SECONDS,
    MAX_TICKET,
    TicketEnded,
    TicketInvalid,
    Tickets,
)

NOW, END = 1_800_000_000.0, 1_800_003_600
ONE, OTHER = "availability:backroom:leeds:2026-02-15:slot", "customer:backroom:ada"


def principal(
    subject: str = "ada", role: Role = Role.CUSTOMER, club: str | None = None, ends: int = END
) -> Principal:
    return Principal(subject, role, club, "Ada", "vip", ends, customer_id_of(subject))


def at(seconds: float) -> Tickets:
    """A gateway so long after the ticket was given out."""
    return Tickets(SECRET, now=lambda: NOW + seconds)


def test_any_gateway_reads_who_and_which_channels() -> None:
    text, until = at(0).issue(principal("sam", Role.STAFF, "backroom"), [ONE])
    assert until == NOW + FIRST_USE_SECONDS
    ticket = at(1).read(text, resumes=False)
    assert ticket.principal.subject == ticket.principal.customer_id == "sam"
    assert ticket.principal.expires_at == END
    assert ticket.principal.audience("backroom") is Audience.STAFF
    assert not ticket.principal.belongs_to("grand")
    assert ticket.covers(ONE)
    assert not ticket.covers(OTHER)


def test_a_customer_whose_subject_is_no_id() -> None:
    text, _ = at(0).issue(principal("auth0|ada"), [OTHER])
    assert at(0).read(text, resumes=False).principal.customer_id == customer_id_of("auth0|ada")


@pytest.mark.parametrize(
    ("seconds", "resumes", "reason"),
    [
        (FIRST_USE_SECONDS - 1, False, None),
        (FIRST_USE_SECONDS, False, "ticket_expired"),
        (FIRST_USE_SECONDS, True, None),
        (3599, True, None),
        (3600, True, "token_expired"),
        (3600, False, "token_expired"),
    ],
)
def test_a_minute_to_the_first_use_then_for_coming_back(
    seconds: float, *, resumes: bool, reason: str | None
) -> None:
    text, _ = at(0).issue(principal(), [ONE])
    if reason is None:
        assert at(seconds).read(text, resumes=resumes).covers(ONE)
        return
    with pytest.raises(TicketEnded, match=reason):
        at(seconds).read(text, resumes=resumes)


def test_never_longer_than_the_token() -> None:
    text, until = at(0).issue(principal(ends=int(NOW) + 10), [ONE])
    assert until == NOW + 10
    with pytest.raises(TicketEnded, match="token_expired"):
        at(10).read(text, resumes=False)


def test_every_character_counts() -> None:
    text, _ = at(0).issue(principal(), [ONE])
    packed, _, signature = text.partition(".")
    wrong = ["", ".", packed, f"{packed}.", f".{signature}", f"{text}.{signature}", "ü.ü", "a.b"]
    wrong += [
        text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :] for n in range(len(packed))
    ]
    wrong += [f"{packed}.{'A' * len(signature)}", "A" * 100_000 + "." + signature]
    for forged in wrong:
        with pytest.raises(TicketInvalid):
            at(0).read(forged, resumes=True)


def test_of_another_secret() -> None:
    text, _ = Tickets("x" * 32, now=lambda: NOW).issue(principal(), [ONE])
    with pytest.raises(TicketInvalid):
        at(0).read(text, resumes=False)


def test_a_ticket_is_no_token_and_a_token_no_ticket() -> None:
    text, _ = Tickets(SECRET).issue(principal(), [ONE])
    with pytest.raises(InvalidToken):
        TokenVerifier(SECRET).verify(text)
    bearer = token("customer")
    parts = bearer.split(".")
    for given in (bearer, f"{parts[0]}.{parts[2]}", f"{parts[1]}.{parts[2]}"):
        with pytest.raises(TicketInvalid):
            Tickets(SECRET).read(given, resumes=False)


def test_for_as_many_and_as_long_names_as_there_may_be() -> None:
    longest = "x" * 62
    names = [
        ChannelKey("c" * 64, "v" * 64, "2026-02-15", f"{longest}{n:02}").name
        for n in range(MAX_CHANNELS)
    ]
    text, _ = at(0).issue(principal("𝕊" * 255, Role.STAFF, "c" * 64), names)
    assert len(text) <= MAX_TICKET
    ticket = at(0).read(text, resumes=False)
    assert all(map(ticket.covers, names))
    assert not ticket.covers(f"{names[0]}x")
