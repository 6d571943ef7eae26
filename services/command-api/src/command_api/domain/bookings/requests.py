"""Booking in one step, without a hold before it: a customer's request, a walk-in by staff."""

from __future__ import annotations

from command_api.domain.bookings.new_booking import (
    Basis,
    cause_of_new,
    check_approval,
    check_contact,
    check_deposit,
    claim_of,
    new_booking,
    notice_of_new,
)
from command_api.domain.commands import RequestBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Change
from command_api.domain.holds.asked import Asked, check_count, check_party, look_up
from command_api.domain.holds.holding import check_free
from command_api.domain.holds.limits import check_tables
from command_api.domain.model import Day, Scope
from command_api.domain.records import BookingRecord
from command_api.domain.venue.days import closed, day_of, no_slot
from command_api.domain.venue.pricing import Quote, quote
from command_api.domain.venue.sharing import quantities_of
from command_api.domain.views.answers import answer_of


def request_booking(scope: Scope, command: RequestBooking, now: str) -> Decision | Rejection:
    """By the rules of holding and then confirming. Staff may book until the slot ends, without a
    contact, for another customer or for nobody in particular. Nothing can be paid before there is
    something to pay for, so a customer of whom a deposit is asked has to hold first."""
    draft = Draft(scope, now)
    booking = book(draft, command)
    if isinstance(booking, Rejection):
        return booking
    return draft.close(answer_of(booking, now), created=True)


def book(
    draft: Draft, command: RequestBooking, *, series_id: str | None = None
) -> BookingRecord | Rejection:
    """The rules of booking in one step, and its part in the draft of its channel. A draft that it was
    denied in holds no part of it: at most the ends of what was due there."""
    venue, key, asker, request = draft.venue, command.channel, command.asker, command.request
    day = day_of(venue, key.date, key.slot)
    if day is None:
        return no_slot(venue, key.date, key.slot)
    denied = (
        closed(day, asker, draft.now)
        or check_contact(asker, request)
        or check_approval(venue.policy, asker, day, draft.now)
    )
    if denied is not None:
        return denied
    draft.relies_on_future(day.ends_at if asker.is_staff else day.closes_at)
    quantities = quantities_of(venue, request.section_ids, request.quantities, request.party_size)
    asked = look_up(venue, day, request.section_ids, quantities)
    if isinstance(asked, Rejection):
        return asked
    price = quote(venue, day, asked.units)
    denied = (
        check_count(len(asked.claims), venue.policy.max_sections_per_hold)
        or check_party(venue, asked.units, request.party_size)
        or check_free(draft, asked, asker, command.customer_id)
        or check_tables(draft, command.customer_id, asked.claims)
        or check_deposit(asker, price.deposit, 0, venue.definition.currency)
    )
    return denied or _take(draft, command, asked, price, day, series_id)


def _take(
    draft: Draft,
    command: RequestBooking,
    asked: Asked,
    price: Quote,
    day: Day,
    series_id: str | None,
) -> BookingRecord:
    basis = Basis(
        customer_id=command.customer_id,
        claims=asked.claims,
        items=price.items,
        party_size=command.request.party_size,
        total_amount=price.total,
        deposit_amount=price.deposit,
        currency=draft.venue.definition.currency,
        series_id=series_id,
    )
    booking = new_booking(
        draft,
        command.asker,
        command.request,
        basis,
        day,
        booking_id=command.booking_id,
        reference=command.reference,
    )
    cause = cause_of_new(booking)
    draft.step(
        cause,
        [
            Change(section_id, None, claim_of(booking, section_id, price.amounts[section_id]))
            for section_id in asked.claims
        ],
    )
    booking.version = draft.version
    draft.save(booking, notice_of_new(booking), cause)
    return booking
