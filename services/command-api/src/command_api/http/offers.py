"""`…/offers/{id}`: accept or decline what the waitlist offered. An offer's id is its hold's."""

from __future__ import annotations

from command_api.domain.commands import AcceptOffer, DeclineOffer
from command_api.domain.records import EntryRecord
from command_api.domain.waitlist.offers import entry_of
from command_api.http.answer import Answer
from command_api.http.auth import asker_of, at_home
from command_api.http.call import Call
from command_api.http.carry_out import (
    BOOKING,
    OFFER,
    carry_out_on,
    missing,
    new_id,
    new_reference,
)
from command_api.http.reading import decoder_of, idempotency_key, read_body
from holdfast.contracts.bookings import ConfirmRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.waitlist import DeclineRequest

_accept = decoder_of(ConfirmRequest)
_decline = decoder_of(DeclineRequest)
_RECORD = (OFFER, EntryRecord)


async def accept_offer(call: Call) -> Answer:
    """The body is that of confirming a hold; so is the answer, the booking."""
    principal, _club = at_home(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _accept, empty=b"{}")
    asker, offer_id, entry_id = asker_of(principal), call.params["id"], _entry(call)
    booking_id, reference = new_id(BOOKING.prefix), new_reference()

    def command(channel: ChannelKey, record: EntryRecord | None) -> AcceptOffer:
        return AcceptOffer(
            channel=channel,
            asker=asker,
            entry_id=entry_id,
            offer_id=offer_id,
            request=request,
            booking_id=booking_id,
            reference=reference,
            record=record,
        )

    return await carry_out_on(
        call, principal, _RECORD, command, key=key, body=body, record_id=entry_id
    )


async def decline_offer(call: Call) -> Answer:
    """Answers the entry as it ended."""
    principal, _club = at_home(call)
    key = idempotency_key(call)
    body, _request = await read_body(call, _decline, empty=b"{}")
    asker, offer_id, entry_id = asker_of(principal), call.params["id"], _entry(call)

    def command(channel: ChannelKey, record: EntryRecord | None) -> DeclineOffer:
        return DeclineOffer(
            channel=channel, asker=asker, entry_id=entry_id, offer_id=offer_id, record=record
        )

    return await carry_out_on(
        call, principal, _RECORD, command, key=key, body=body, record_id=entry_id
    )


def _entry(call: Call) -> str:
    entry_id = entry_of(call.params["id"])
    if entry_id is None:
        raise missing(OFFER)
    return entry_id
