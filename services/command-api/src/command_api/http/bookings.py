"""`…/bookings`: read, cancel."""

from __future__ import annotations

from command_api.domain.answers import answer_of
from command_api.domain.commands import CancelBooking
from command_api.domain.model import BookingRecord
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import asker_of, at_home
from command_api.http.call import Call
from command_api.http.carry_out import BOOKING, carry_out_on
from command_api.http.reading import decoder_of, idempotency_key, read_body
from command_api.http.records import readable_record
from holdfast.contracts.bookings import TransitionRequest
from holdfast.contracts.channels import ChannelKey

_transition = decoder_of(TransitionRequest)


async def read_booking(call: Call) -> Answer:
    record = await readable_record(call, BOOKING, BookingRecord)
    etag = (b"etag", b'"%d"' % record.revision)
    return json_answer(answer_of(record, call.services.clock()), etag)


async def cancel_booking(call: Call) -> Answer:
    principal, _club = at_home(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _transition, empty=b"{}")
    asker, booking_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: BookingRecord | None) -> CancelBooking:
        return CancelBooking(
            channel=channel,
            asker=asker,
            booking_id=booking_id,
            reason=request.reason,
            record=record,
        )

    return await carry_out_on(
        call, principal, (BOOKING, BookingRecord), command, key=key, body=body
    )
