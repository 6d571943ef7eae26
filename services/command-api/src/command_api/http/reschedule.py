"""`POST …/bookings/{id}/reschedule`: to another date, slot, sections."""

from __future__ import annotations

from command_api.domain.commands import RescheduleBooking
from command_api.domain.records import BookingRecord
from command_api.http.answer import Answer
from command_api.http.auth import asker_of, at_home, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import BOOKING, carry_out_on
from command_api.http.reading import check_date, decoder_of, idempotency_key, read_body
from holdfast.contracts.bookings import RescheduleRequest
from holdfast.contracts.channels import ChannelKey

_request = decoder_of(RescheduleRequest)


async def reschedule_booking(call: Call) -> Answer:
    """The booking's channel is remembered anew. Where that is wrong (another replica moves it on, an
    answer is given again), the next command looks it up."""
    principal, club = at_home(call)
    to_venue, booking_id = venue_of(call), call.params["id"]
    key = idempotency_key(call)
    body, request = await read_body(call, _request)
    to = ChannelKey(club, to_venue, check_date(request.date), request.slot_id)
    asker = asker_of(principal)

    def command(channel: ChannelKey, record: BookingRecord | None) -> RescheduleBooking:
        return RescheduleBooking(
            channel=channel,
            to=to,
            asker=asker,
            booking_id=booking_id,
            request=request,
            record=record,
        )

    answer = await carry_out_on(
        call, principal, (BOOKING, BookingRecord), command, key=key, body=body
    )
    if answer.status == 200:
        call.services.places.put((club, booking_id), to)
    return answer
