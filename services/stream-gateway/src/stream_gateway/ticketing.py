"""Ticketing: `POST /v1/stream-tickets`.

Not limited by itself: it takes a good token, keeps nothing, and costs less than the stream it is for.
"""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from holdfast.contracts.ids import timestamp
from holdfast.contracts.tickets import StreamTicket, StreamTicketRequest
from stream_gateway.absence import Absence, NotThere
from stream_gateway.admission import Admission
from stream_gateway.bodies import read_json
from stream_gateway.credentials import Credentials
from stream_gateway.tickets import Tickets

MAX_BODY = 32 * 1024
"""Bytes; 64 of the longest channel names are fewer."""


class Ticketing:
    """Gives out tickets for what their bearer may read now."""

    def __init__(
        self, credentials: Credentials, admission: Admission, absence: Absence, tickets: Tickets
    ) -> None:
        self._credentials = credentials
        self._admission = admission
        self._absence = absence
        self._tickets = tickets
        self._decoder = msgspec.json.Decoder(StreamTicketRequest)

    def table(self) -> list[Route]:
        """The route for the application."""
        path = "/v1/stream-tickets"
        others = ["GET", "PUT", "PATCH", "DELETE"]
        return [
            Route(path, self.issue, methods=["POST"]),
            # Else the files at `/` would be asked, which have nothing here.
            Route(path, self.wrong_method, methods=others),
        ]

    async def wrong_method(self, _request: Request) -> Response:
        """405: tickets are made, not read."""
        raise HTTPException(405, headers={"Allow": "POST"})

    async def issue(self, request: Request) -> Response:
        """A ticket for the channels in the body."""
        principal = self._credentials.bearer(request)
        asked = await read_json(request, self._decoder, limit=MAX_BODY)
        try:
            wanted = self._admission.named(asked.channels, principal, where="channels")
        except NotThere as refusal:
            raise await self._absence.confirm(refusal) from None
        ticket, until = self._tickets.issue(principal, [key.name for key, _ in wanted])
        body = msgspec.json.encode(StreamTicket(ticket=ticket, expires_at=timestamp(until * 1000)))
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
