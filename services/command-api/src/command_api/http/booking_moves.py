"""`…/bookings/{id}/{verb}`: approve, decline, check in, complete, mark as no-show, cancel; and who may."""

from __future__ import annotations

from typing import Literal

from command_api.domain.commands import CancelBooking, MoveBooking
from command_api.domain.records import BookingRecord
from command_api.http.answer import Answer
from command_api.http.auth import BLOCKERS, MANAGERS, asker_of, at_home, in_role
from command_api.http.call import Call
from command_api.http.carry_out import BOOKING, carry_out_on
from command_api.http.reading import decoder_of, idempotency_key, read_body
from command_api.http.resource import Handler
from holdfast.contracts.bookings import TransitionRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import STAFF_ROLES, Role

_transition = decoder_of(TransitionRequest)
_RECORD = (BOOKING, BookingRecord)

Verb = Literal["approve", "decline", "check-in", "complete", "no-show"]

FLOOR = BLOCKERS
"""May say how a visit ended; a kiosk knows only who came."""


def _move(verb: Verb, roles: frozenset[Role]) -> Handler:
    async def move_booking(call: Call) -> Answer:
        principal, _club = in_role(call, roles)
        key = idempotency_key(call)
        body, request = await read_body(call, _transition, empty=b"{}")
        asker, booking_id = asker_of(principal), call.params["id"]

        def command(channel: ChannelKey, record: BookingRecord | None) -> MoveBooking:
            return MoveBooking(
                channel=channel,
                asker=asker,
                booking_id=booking_id,
                verb=verb,
                reason=request.reason,
                record=record,
            )

        return await carry_out_on(call, principal, _RECORD, command, key=key, body=body)

    return move_booking


approve = _move("approve", MANAGERS)
decline = _move("decline", MANAGERS)
check_in = _move("check-in", STAFF_ROLES)
complete = _move("complete", FLOOR)
no_show = _move("no-show", FLOOR)


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

    return await carry_out_on(call, principal, _RECORD, command, key=key, body=body)
