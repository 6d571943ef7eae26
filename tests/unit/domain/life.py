"""Commands on bookings, for a Floor."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import msgspec
from tests.unit.domain.build import CONTACT, MANAGER, STAFF, Floor, accepted, customer

from command_api.domain.commands import (
    Asker,
    CancelBooking,
    EditBooking,
    MoveBooking,
    RequestBooking,
)
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import BookingRecord, HoldRecord
from holdfast.contracts.bookings import Booking, BookingChange, BookingRequest, Payment
from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import ActorType, ClaimKind
from holdfast.contracts.venues import Policy

START, END = "2026-02-15T21:00:00.000Z", "2026-02-16T03:00:00.000Z"
CARD = Payment(method="card", transaction_id="tx_1")
ASKING = Policy(requires_approval=True)
KIOSK = Asker(Actor(type=ActorType.KIOSK, id="door"), None, True, False)

Verb = Literal["approve", "decline", "check-in", "complete", "no-show"]

_numbers = itertools.count(100)


def booked(floor: Floor, *sections: str, **more: Any) -> Booking:
    """Held and confirmed by Ann."""
    return floor.confirm(floor.hold(*sections).hold_id, **more)


def move(
    floor: Floor, booking_id: str, verb: Verb, by: Asker = MANAGER, reason: str | None = None
) -> Decision | Rejection:
    return floor.run(
        MoveBooking(
            channel=floor.state.key,
            asker=by,
            booking_id=booking_id,
            verb=verb,
            reason=reason,
            record=ended(floor, booking_id),
        )
    )


def moved(floor: Floor, booking_id: str, verb: Verb, **more: Any) -> Booking:
    return booking_in(move(floor, booking_id, verb, **more))


def try_request(
    floor: Floor, *sections: str, by: Asker | None = None, for_: str | None = None, **more: Any
) -> Decision | Rejection:
    asker = by or customer()
    key = floor.state.key
    if not asker.is_staff:
        more = {"contact": CONTACT, **more}
    number = next(_numbers)
    return floor.run(
        RequestBooking(
            channel=key,
            asker=asker,
            request=BookingRequest(
                date=key.date, slot_id=key.slot, section_ids=list(sections), **more
            ),
            customer_id=for_ or asker.customer_id,
            booking_id=f"r{number}",
            reference=f"REQ{number}",
        )
    )


def requested(floor: Floor, *sections: str, **more: Any) -> Booking:
    return booking_in(try_request(floor, *sections, **more))


def edit(
    floor: Floor, booking_id: str, revision: int, by: Asker | None = None, **change: Any
) -> Decision | Rejection:
    return floor.run(
        EditBooking(
            channel=floor.state.key,
            asker=by or customer(),
            booking_id=booking_id,
            change=BookingChange(**change),
            revision=revision,
            record=ended(floor, booking_id),
        )
    )


def cancel(
    floor: Floor, booking_id: str, by: Asker | None = None, reason: str | None = None
) -> Decision | Rejection:
    return floor.run(
        CancelBooking(
            channel=floor.state.key,
            asker=by or customer(),
            booking_id=booking_id,
            reason=reason,
            record=ended(floor, booking_id),
        )
    )


def ended(floor: Floor, booking_id: str) -> BookingRecord | None:
    record = floor.ended.get(booking_id)
    return record if isinstance(record, BookingRecord) else None


def booking_in(outcome: Decision | Rejection) -> Booking:
    answer = accepted(outcome).answer
    assert isinstance(answer, Booking)
    return answer


def pay(floor: Floor, hold_id: str, amount: int) -> None:
    """As if a signed event had told of a payment for an active hold."""
    hold = floor.state.records[hold_id]
    assert isinstance(hold, HoldRecord)
    floor.state.put(msgspec.structs.replace(hold, paid_amount=amount, payment=CARD))


def lay_block(floor: Floor, section_id: str) -> None:
    """A block over whatever is there, as if it had come with its own leave."""
    block = Claim(
        claim_id="k0",
        kind=ClaimKind.BLOCK,
        quantity=1,
        customer_id=None,
        actor=STAFF.actor,
        since=floor.now,
        expires_at=None,
        amount=None,
    )
    floor.state.claims.setdefault(section_id, {})["k0"] = block
    floor.state.tallies.pop(section_id, None)
