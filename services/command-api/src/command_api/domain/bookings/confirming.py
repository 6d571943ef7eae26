"""Confirming: a hold becomes a booking, its claims the booking's."""

from __future__ import annotations

import msgspec

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
from command_api.domain.commands import Asker, ConfirmHold
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Change
from command_api.domain.holds.asked import check_party
from command_api.domain.holds.hold_changes import live_hold
from command_api.domain.model import Day, Scope, Unit, Venue
from command_api.domain.records import BookingRecord, HoldRecord
from command_api.domain.venue.days import day_of, no_slot, over
from command_api.domain.views.answers import answer_of
from command_api.domain.waitlist.offers import reason_of
from holdfast.contracts.bookings import ConfirmRequest
from holdfast.contracts.holds import Item
from holdfast.contracts.problems import Code
from holdfast.contracts.states import HoldStatus


def confirm_hold(scope: Scope, command: ConfirmHold, now: str) -> Decision | Rejection:
    """It waits for approval where the policy asks for it and the asker may not approve it."""
    hold = live_hold(scope, command, now)
    if isinstance(hold, Rejection):
        return _paid_in_vain(scope, command, hold) or hold
    draft = Draft(scope, now)
    booking = book_hold(
        draft,
        command.asker,
        hold,
        command.request,
        booking_id=command.booking_id,
        reference=command.reference,
    )
    if isinstance(booking, Rejection):
        return booking
    return draft.close(answer_of(booking, now), created=True)


def book_hold(
    draft: Draft,
    asker: Asker,
    hold: HoldRecord,
    request: ConfirmRequest,
    *,
    booking_id: str,
    reference: str,
) -> BookingRecord | Rejection:
    """The rules of confirming a hold that is alive, and its part in the draft of its channel."""
    day = day_of(draft.venue, hold.date, hold.slot)
    if day is None:
        return no_slot(draft.venue, hold.date, hold.slot)
    if denied := _check(draft, asker, hold, request, day):
        return denied
    draft.relies_on_future(hold.expires_at)
    draft.relies_on_future(day.ends_at)
    booking = new_booking(
        draft,
        asker,
        request,
        _basis(hold, request),
        day,
        booking_id=booking_id,
        reference=reference,
    )
    cause = cause_of_new(booking)
    cause = cause._replace(reason=reason_of(hold, cause.reason))
    changes = []
    for section_id in hold.claims:
        claim = draft.claim(section_id, hold.id)
        amount = None if claim is None else claim.amount
        changes.append(Change(section_id, hold.id, claim_of(booking, section_id, amount)))
    draft.step(cause, changes)
    booking.version = draft.version
    confirmed = msgspec.structs.replace(
        hold,
        status=HoldStatus.CONFIRMED,
        booking_id=booking.id,
        updated_at=draft.now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    draft.save(confirmed, None, cause)
    draft.save(booking, notice_of_new(booking), cause)
    return booking


def _check(
    draft: Draft, asker: Asker, hold: HoldRecord, request: ConfirmRequest, day: Day
) -> Rejection | None:
    return (
        over(day, asker, hold.date, draft.now)
        or check_contact(asker, request)
        or check_party(draft.venue, units_of(draft.venue, hold.items), request.party_size)
        or check_approval(draft.venue.policy, asker, day, draft.now)
        or check_deposit(asker, hold.deposit_amount, hold.paid_amount, hold.currency)
    )


def units_of(venue: Venue, items: list[Item]) -> list[tuple[Unit, int]]:
    """What was asked for, by its items; without what has left the layout since."""
    return [
        (unit, item.quantity)
        for item in items
        if (unit := venue.units.get(item.section_id)) is not None
    ]


def _basis(hold: HoldRecord, request: ConfirmRequest) -> Basis:
    return Basis(
        customer_id=hold.customer_id,
        claims=hold.claims,
        items=hold.items,
        party_size=request.party_size or hold.party_size,
        total_amount=hold.total_amount,
        deposit_amount=hold.deposit_amount,
        currency=hold.currency,
        hold_id=hold.id,
        payment=hold.payment,
        paid_amount=hold.paid_amount,
        transactions=hold.transactions,
    )


def _paid_in_vain(scope: Scope, command: ConfirmHold, denied: Rejection) -> Rejection | None:
    """Who paid for a hold that has expired is told so, and that the money comes back."""
    hold = scope.channel.records.get(command.hold_id) or command.record
    if denied.code is not Code.HOLD_EXPIRED or not isinstance(hold, HoldRecord):
        return None
    due = hold.refund_due or hold.paid_amount
    if due <= 0:
        return None
    return Rejection(
        code=Code.PAYMENT_AFTER_EXPIRY,
        detail=f"{denied.detail} What was paid for it is to be paid back.",
        facts={"refundDue": due, "currency": hold.currency},
        valid_from=denied.valid_from,
        valid_until=denied.valid_until,
    )
