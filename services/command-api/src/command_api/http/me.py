"""`GET …/me`: what the asker has in a club."""

from __future__ import annotations

from command_api.domain.records import BookingRecord, HoldRecord, Record
from command_api.domain.views.answers import answer_of
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import at_home, club_not_found
from command_api.http.call import Call
from command_api.http.records import as_of
from command_api.http.waitlist import entries_of
from holdfast.contracts.queries import Me
from holdfast.contracts.states import BookingStatus, HoldStatus

MOST = 200
"""Of each kind, the newest."""


async def read_me(call: Call) -> Answer:
    """Active holds, bookings and places in waitlists, over all venues of the club."""
    principal, club = at_home(call)
    now = call.services.clock()
    holds = [
        answer_of(hold, now)
        for hold in await _records(call, club, principal.customer_id, "hold")
        if isinstance(hold, HoldRecord) and as_of(hold, now).status is HoldStatus.ACTIVE
    ]
    bookings = [
        answer_of(booking, now)
        for booking in await _records(call, club, principal.customer_id, "booking")
        if isinstance(booking, BookingRecord)
        and as_of(booking, now).status is not BookingStatus.EXPIRED
    ]
    waitlist = await entries_of(call, club, principal.customer_id, MOST)
    if not (holds or bookings or waitlist) and await call.services.reads.club(club) is None:
        raise club_not_found()
    me = Me(customer_id=principal.customer_id, holds=holds, bookings=bookings, waitlist=waitlist)
    return json_answer(me)


async def _records(call: Call, club: str, customer_id: str, kind: str) -> list[Record]:
    return await call.services.reads.records_of_customer(
        club, customer_id, venue=None, kind=kind, active=True, limit=MOST, after=None
    )
