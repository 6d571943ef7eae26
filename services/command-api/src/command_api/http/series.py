"""`…/booking-series`: book the same place on many dates, read what became of it, cancel what is to come."""

from __future__ import annotations

from command_api.domain.bookings.recurrence import dates_of
from command_api.domain.commands import BookSeries, CancelSeries
from command_api.domain.decision import Rejection
from command_api.domain.holds.hold_changes import owns
from command_api.domain.records import BookingRecord, is_active
from command_api.domain.views.answers import answer_of
from command_api.http.answer import Answer, json_answer
from command_api.http.attempts import ATTEMPTS, pause_before
from command_api.http.auth import asker_of, at_home, for_whom, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import (
    BOOKING,
    SERIES,
    carry_out,
    missing,
    new_id,
    new_reference,
)
from command_api.http.problems import refusal
from command_api.http.reading import decoder_of, idempotency_key, read_body
from command_api.http.records import as_of
from command_api.job import Unavailable
from holdfast.contracts.bookings import BookingPage, SeriesRequest, TransitionRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import is_id

_request = decoder_of(SeriesRequest)
_cancel = decoder_of(TransitionRequest)

_NOT_FOUND = 404


async def book_series(call: Call) -> Answer:
    principal, club = at_home(call)
    venue = venue_of(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _request)
    dates = dates_of(request)
    if isinstance(dates, Rejection):
        return refusal(dates, call.request_id)
    command = BookSeries(
        channel=ChannelKey(club, venue, dates[0], request.slot_id),
        asker=asker_of(principal),
        request=request,
        customer_id=for_whom(principal, request.customer_id),
        series_id=new_id(SERIES.prefix),
        dates=tuple(dates),
        bookings=tuple((new_id(BOOKING.prefix), new_reference()) for _date in dates),
    )
    return await carry_out(call, principal, command, key=key, body=body)


async def read_series(call: Call) -> Answer:
    """All its bookings, wherever they were moved, for their customer and for staff."""
    principal, _club = at_home(call)
    asker, now = asker_of(principal), call.services.clock()
    found = [booking for booking in await _bookings(call) if owns(asker, booking.customer_id)]
    if not found:
        raise missing(SERIES)
    items = [answer_of(as_of(booking, now), now) for booking in found]
    items.sort(key=lambda booking: (booking.starts_at, booking.booking_id))
    return json_answer(BookingPage(items=items))


async def cancel_series(call: Call) -> Answer:
    """Where one has moved or ended since the look-up, all are looked up again; that they are the asker's
    is for the rules to say."""
    principal, _club = at_home(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _cancel, empty=b"{}")
    asker, before = asker_of(principal), None
    for attempt in range(ATTEMPTS):
        await pause_before(attempt)
        bookings = await _bookings(call)
        found = {booking.id: booking.revision for booking in bookings}
        if not bookings or found == before:  # nobody moved: it is none of theirs
            raise missing(SERIES)
        active = [booking for booking in bookings if is_active(booking)]
        command = CancelSeries(
            channel=(active or bookings)[0].channel,
            asker=asker,
            series_id=call.params["id"],
            bookings=tuple((booking.channel, booking.id) for booking in active),
            ended=tuple(booking for booking in bookings if not is_active(booking)),
            reason=request.reason,
        )
        answer = await carry_out(call, principal, command, key=key, body=body)
        if answer.status != _NOT_FOUND:
            return answer
        before = found
    raise Unavailable(retry_after=1)


async def _bookings(call: Call) -> list[BookingRecord]:
    venue, series_id = venue_of(call), call.params["id"]
    if not is_id(series_id):
        return []
    return await call.services.reads.records_of_series(call.params["club"], venue, series_id)
