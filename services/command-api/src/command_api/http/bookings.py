"""`…/bookings`: request in one step, read, edit."""

from __future__ import annotations

import msgspec

from command_api.domain.commands import EditBooking, RequestBooking
from command_api.domain.records import BookingRecord
from command_api.domain.views.answers import answer_of
from command_api.http.answer import Answer, Header, json_answer
from command_api.http.auth import asker_of, at_home, for_whom, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import BOOKING, carry_out, carry_out_on, new_id, new_reference
from command_api.http.problems import Refused
from command_api.http.reading import (
    check_date,
    decoder_of,
    idempotency_key,
    if_match,
    optional_key,
    read_body,
)
from command_api.http.records import readable_record
from holdfast.contracts.bookings import BookingChange, BookingRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code

_request = decoder_of(BookingRequest)
_change = decoder_of(BookingChange)


class _Revised(msgspec.Struct):
    """What an answer says of its own revision."""

    revision: int


_revised = msgspec.json.Decoder(_Revised)


async def request_booking(call: Call) -> Answer:
    principal, club = at_home(call)
    venue = venue_of(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _request)
    check_date(request.date)
    command = RequestBooking(
        channel=ChannelKey(club, venue, request.date, request.slot_id),
        asker=asker_of(principal),
        request=request,
        customer_id=for_whom(principal, request.customer_id),
        booking_id=new_id(BOOKING.prefix),
        reference=new_reference(),
    )
    return await carry_out(call, principal, command, key=key, body=body)


async def read_booking(call: Call) -> Answer:
    """Its `ETag` is what an edit names in `If-Match`."""
    record = await readable_record(call, BOOKING, BookingRecord)
    return json_answer(answer_of(record, call.services.clock()), _etag(record.revision))


async def edit_booking(call: Call) -> Answer:
    """`If-Match` is required; an `Idempotency-Key` is heeded where there is one."""
    principal, _club = at_home(call)
    key, revision = optional_key(call), if_match(call)
    if revision is None:
        raise Refused(
            Code.PRECONDITION_REQUIRED, "Name the booking's revision in If-Match to change it."
        )
    body, change = await read_body(call, _change)
    asker, booking_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: BookingRecord | None) -> EditBooking:
        return EditBooking(
            channel=channel,
            asker=asker,
            booking_id=booking_id,
            change=change,
            revision=revision,
            record=record,
        )

    answer = await carry_out_on(
        call, principal, (BOOKING, BookingRecord), command, key=key, body=body
    )
    if answer.status == 200:
        answer.headers = (*answer.headers, _etag(_revised.decode(answer.body).revision))
    return answer


def _etag(revision: int) -> Header:
    return (b"etag", b'"%d"' % revision)
