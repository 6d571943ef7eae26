"""`GET …/bookings`: a venue's bookings, listed and searched."""

from __future__ import annotations

from command_api.domain.records import BookingRecord, Record
from command_api.domain.views.answers import answer_of
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import asker_of, at_home, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.filters import (
    optional_dates,
    optional_id,
    query_place,
    query_text,
    query_words,
)
from command_api.http.pages import Place, fill_page
from command_api.http.reading import query_limit
from command_api.http.records import as_of
from command_api.store.bookings import BookingFilter
from holdfast.contracts.bookings import Booking, BookingPage
from holdfast.contracts.states import BookingStatus

MAX_Q = 100


async def list_bookings(call: Call) -> Answer:
    """Newest first. `q` finds a reference, the last digits of a telephone number, the beginning of an
    e-mail address, or beginnings of words of the name; `date`, or `from` and `to`, are service dates;
    `status` takes several with commas between. Staff see all bookings, customers their own.
    """
    principal, club = at_home(call)
    venue, now = venue_of(call), call.services.clock()
    statuses = query_words(call, "status", BookingStatus)
    first, last = optional_dates(call)
    wanted = BookingFilter(
        club=club,
        venue=venue,
        customer_id=asker_of(principal).customer_id,
        statuses=_stored(statuses),
        first=first,
        last=last,
        slot=optional_id(call, "slotId"),
        q=query_text(call, "q", MAX_Q),
    )
    limit, after = query_limit(call), query_place(call)
    reads = call.services.reads

    async def fetch(most: int, behind: Place | None) -> list[Record]:
        return await reads.bookings.page(wanted, most, behind)

    def show(record: Record) -> Booking | None:
        if not isinstance(record, BookingRecord):
            return None
        shown = as_of(record, now)
        return None if statuses and shown.status not in statuses else answer_of(shown, now)

    items, token = await fill_page(fetch, show, limit, after)
    if not items and await reads.venue(club, venue) is None:
        raise venue_not_found()
    return json_answer(BookingPage(items=items, next_page_token=token))


def _stored(statuses: frozenset[BookingStatus] | None) -> tuple[str, ...] | None:
    """What is stored for what is asked for: a request that nobody approved in time has expired, swept
    already or not."""
    if statuses is None:
        return None
    if BookingStatus.EXPIRED in statuses:
        statuses |= {BookingStatus.PENDING_APPROVAL}
    return tuple(sorted(statuses))
