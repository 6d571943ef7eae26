"""Credentials: who asks, by bearer token, by ticket, or by cookie.

A ticket is named in the address, so it goes before the cookie, which browsers send unasked. A ticket
and a bearer token are two answers to one question, and refused (RFC 6750 §2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from starlette.requests import Request

from holdfast.contracts.problems import Code
from holdfast.runtime.auth import ExpiredToken, InvalidToken, Principal, TokenVerifier
from stream_gateway.problems import Refusal, invalid
from stream_gateway.tickets import Ticket, TicketEnded, TicketInvalid, Tickets

COOKIE = "holdfast_token"


class Reauthenticate(Exception):
    """What was shown is not good, or not any more: a stream says so in-band, since an EventSource
    that is refused never comes back, not even with a new ticket. `args[0]`: the reason."""


class Asker(NamedTuple):
    """Who wants a stream. `principal` None: anonymous. `ticket`: what they came with, if it was one."""

    principal: Principal | None
    ticket: Ticket | None = None

    def check(self, channels: Iterable[str]) -> None:
        """Whether the ticket is for these. Raises Refusal."""
        for name in channels:
            if self.ticket is not None and not self.ticket.covers(name):
                raise Refusal(Code.ACTION_NOT_PERMITTED, f"the ticket is not for {name}")


class Credentials:
    """Reads them from requests. Raises Refusal."""

    def __init__(self, verifier: TokenVerifier, tickets: Tickets) -> None:
        self._verifier = verifier
        self._tickets = tickets

    def bearer(self, request: Request) -> Principal:
        """Who asks for something to be done: by bearer token and nothing else."""
        header = request.headers.get("authorization")
        if header is None:
            raise Refusal(Code.UNAUTHENTICATED, "this needs a bearer token")
        return self._borne(header)

    def principal(self, request: Request) -> Principal | None:
        """Who asks for a snapshot: by bearer token, else by cookie; None for an anonymous request."""
        header = request.headers.get("authorization")
        if header is not None:
            return self._borne(header)
        token = request.cookies.get(COOKIE, "")
        return self._verified(token) if token else None

    def asker(self, request: Request) -> Asker:
        """Who asks for a stream. Raises Reauthenticate as well."""
        tickets = request.query_params.getlist("ticket")
        if tickets:
            if "authorization" in request.headers:
                raise invalid("ticket", "is sent without a bearer token beside it")
            return self._ticketed(tickets[-1], request)
        try:
            return Asker(self.principal(request))
        except Refusal as refusal:
            # The page may have a new cookie by the time the browser comes back.
            if isinstance(refusal.__cause__, ExpiredToken) and _comes_back(request):
                raise Reauthenticate("token_expired") from None
            raise

    def _ticketed(self, text: str, request: Request) -> Asker:
        # Browsers leave the header out as long as they have seen no id.
        resumes = bool(request.headers.get("last-event-id"))
        try:
            ticket = self._tickets.read(text, resumes=resumes)
        except TicketEnded as error:
            raise Reauthenticate(*error.args) from None
        except TicketInvalid:
            if _comes_back(request):
                raise Reauthenticate("ticket_invalid") from None
            raise Refusal(Code.UNAUTHENTICATED, "the ticket is not valid") from None
        return Asker(ticket.principal, ticket)

    def _borne(self, header: str) -> Principal:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(Code.UNAUTHENTICATED, "the authorization must be a bearer token")
        return self._verified(token)

    def _verified(self, token: str) -> Principal:
        try:
            return self._verifier.verify(token.strip())
        except InvalidToken as error:
            raise Refusal(Code.UNAUTHENTICATED, str(error)) from error


def _comes_back(request: Request) -> bool:
    """Whether it may be an EventSource with a cookie or ticket, and no client that reads a status."""
    return "text/event-stream" in request.headers.get("accept", "") and (
        "authorization" not in request.headers
    )
