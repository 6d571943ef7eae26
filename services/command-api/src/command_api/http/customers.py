"""`…/guest-sessions` and `…/customers/{id}/personal-data`."""

from __future__ import annotations

import hashlib

import msgspec

from command_api.domain.bookings.customers import TO_COME, has_personal_data
from command_api.domain.commands import ErasePersonalData
from command_api.domain.decision import Rejection
from command_api.domain.records import BookingRecord, is_active
from command_api.http.answer import Answer, json_answer
from command_api.http.attempts import ATTEMPTS, pause_before
from command_api.http.auth import MANAGERS, asker_of, at_home, club_not_found, not_permitted
from command_api.http.call import Call
from command_api.http.carry_out import new_id
from command_api.http.ended import STALE, SUBJECT, key_of
from command_api.http.guests import TooManyGuests
from command_api.http.problems import Refused, invalid
from command_api.http.reading import decoder_of, read_body
from command_api.job import Submission, Unavailable
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.customers import Erasure, GuestSessionRequest
from holdfast.contracts.ids import is_id
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Role
from holdfast.runtime.auth import Principal

MOST_VENUES = 200
"""Venues of a club that are asked whether one lets guests in, where none is named."""

_ERASURE = hashlib.sha256(b"erasure").digest()
_session = decoder_of(GuestSessionRequest)


async def make_guest_session(call: Call) -> Answer:
    """No token is needed, and no key: every session is a new guest."""
    club = call.params["club"]
    if not is_id(club):
        raise club_not_found()
    _body, request = await read_body(call, _session, empty=b"{}")
    client = call.scope.get("client")
    try:
        call.services.guests.admit(
            client[0] if client else None, call.header(b"x-forwarded-for") or ""
        )
    except TooManyGuests as full:
        raise Refused(
            Code.RATE_LIMITED,
            "Too many guest sessions were asked for from here.",
            headers=((b"retry-after", b"%d" % full.retry_after),),
        ) from None
    if not await _lets_guests_in(call, club, request.venue_id):
        raise Refused(Code.ACTION_NOT_PERMITTED, "Only signed-in customers may book here.")
    return json_answer(call.services.guests.session(club), status=201)


async def _lets_guests_in(call: Call, club: str, venue_id: str | None) -> bool:
    reads = call.services.reads
    if venue_id is not None:
        venue = await reads.venue(club, venue_id)
        if venue is None:
            raise Refused(Code.VENUE_NOT_FOUND, "There is no such venue.")
        return venue.policy.guest_checkout
    listed = await reads.venues(club, MOST_VENUES, None)
    if not listed and await reads.club(club) is None:
        raise club_not_found()
    for entry in listed:
        venue = await reads.venue(club, entry.venue_id)
        if venue is not None and venue.policy.guest_checkout:
            return True
    return False


async def erase_personal_data(call: Call) -> Answer:
    """By the customer themselves, or by managers and services. In every channel that they have a
    booking in, one channel at a time: what a failure leaves undone is done by asking again."""
    principal, club = at_home(call)
    customer_id = call.params["id"]
    if not is_id(customer_id):
        raise invalid("id", "letters, digits, `_` and `-`, at most 64")
    own = principal.role is Role.CUSTOMER and customer_id == principal.customer_id
    if not own and principal.role not in MANAGERS:
        raise not_permitted(MANAGERS)
    reads, erased = call.services.reads, set[str]()
    bookings = await reads.bookings_of_customer(club, customer_id)
    for attempt in range(ATTEMPTS):
        left = [booking for booking in bookings if has_personal_data(booking)]
        if not left:
            break
        await pause_before(attempt)
        for key, ended in _steps(left):
            erased.update(await _erase(call, principal, customer_id, key, ended))
        bookings = await reads.bookings_of_customer(club, customer_id)
    else:
        if any(map(has_personal_data, bookings)):
            raise Unavailable(retry_after=1)
    await reads.forget_answers(bookings)
    active = [booking.id for booking in bookings if booking.status in TO_COME]
    return json_answer(
        Erasure(
            customer_id=customer_id,
            erased_booking_ids=sorted(erased),
            active_booking_ids=sorted(active),
        )
    )


async def _erase(
    call: Call,
    principal: Principal,
    customer_id: str,
    key: ChannelKey,
    ended: BookingRecord | None,
) -> list[str]:
    """What was erased of the channel; nothing where somebody else changed the ended booking just now."""
    outcome = await call.services.writer.submit(
        Submission(
            command=ErasePersonalData(
                channel=key,
                asker=asker_of(principal),
                customer_id=customer_id,
                records=() if ended is None else (ended,),
            ),
            club=key.club,
            venue=key.venue,
            command_id=new_id("cmd"),
            subject=principal.subject if ended is None else SUBJECT,
            key=None if ended is None else key_of(ended),
            hash=b"" if ended is None else _ERASURE,
        )
    )
    if isinstance(outcome, Rejection):
        if outcome.code in STALE:
            return []
        raise Unavailable(retry_after=1)  # the rule refuses nothing; the venue is gone
    return msgspec.json.decode(outcome.body, type=Erasure).erased_booking_ids


def _steps(bookings: list[BookingRecord]) -> list[tuple[ChannelKey, BookingRecord | None]]:
    """Those to come by channel; those that have ended one by one, since each has a key of its own."""
    channels = dict.fromkeys(booking.channel for booking in bookings if is_active(booking))
    ended = [booking for booking in bookings if not is_active(booking)]
    return [*((key, None) for key in channels), *((booking.channel, booking) for booking in ended)]
