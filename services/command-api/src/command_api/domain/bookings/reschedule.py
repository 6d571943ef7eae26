"""Rescheduling: a booking goes to another date, slot or sections, all at once or not at all.

                      its sections ──▶ free
    booking, channel A ─────────────────────▶ booking, channel B    at B's prices now
                      free sections ──▶ its

What is asked of it is what is asked of a new booking there, its own claims left out of account. A
request goes on waiting for approval; a confirmed booking waits again where the policy asks for approval
and the asker may not approve. Nothing is paid or paid back here: the price changes, what was paid stays.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from command_api.domain.bookings.booking import cause_of, check_status, find_booking, not_now
from command_api.domain.bookings.new_booking import (
    approval_deadline,
    awaits_approval,
    claim_of,
    is_pending,
)
from command_api.domain.bookings.transfer import as_if_without, transfer
from command_api.domain.commands import Asker, RescheduleBooking
from command_api.domain.decision import Decision, Rejection, Wanted
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause
from command_api.domain.holds.asked import Asked, check_count, check_party, look_up
from command_api.domain.holds.expiry import expire_record
from command_api.domain.holds.holding import check_free
from command_api.domain.holds.limits import check_tables
from command_api.domain.model import Day, Scope, Venue
from command_api.domain.payments.compensation import save_with
from command_api.domain.records import BookingRecord
from command_api.domain.times import later
from command_api.domain.venue.days import closed, day_of, no_slot
from command_api.domain.venue.pricing import Quote, quote
from command_api.domain.venue.sharing import quantities_of
from command_api.domain.views.answers import answer_of
from holdfast.contracts.bookings import RescheduleRequest
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, PaymentStatus, Reason

_MOVABLE = (BookingStatus.PENDING_APPROVAL, BookingStatus.CONFIRMED)


class _Goal(NamedTuple):
    """Where the booking goes."""

    day: Day
    asked: Asked
    price: Quote


def reschedule_booking(scope: Scope, command: RescheduleBooking, now: str) -> Decision | Rejection:
    """Again the same answer where the booking is there already."""
    booking, venue, to = find_booking(scope, command), scope.venue, command.to
    if isinstance(booking, Rejection):
        return booking
    if denied := check_status(booking, now, _MOVABLE, "rescheduled"):
        return denied
    day = day_of(venue, to.date, to.slot)
    if day is None:
        return no_slot(venue, to.date, to.slot)
    asked = _asked(venue, day, booking, command.request)
    if isinstance(asked, Rejection):
        return asked
    draft = Draft(scope, now)
    if to == booking.channel and _is_same(asked, booking):
        return draft.close(answer_of(booking, draft.now))
    goal = _Goal(day, asked, quote(venue, day, asked.units))
    cause = cause_of(Reason.BOOKING_RESCHEDULED, command.asker.actor, booking)
    trial = as_if_without(scope, now, cause, booking)
    if denied := _check(trial, command, booking, goal):
        return denied
    _repeat_ends(draft, trial)
    return _move(draft, command, booking, goal, cause)


def _asked(
    venue: Venue, day: Day, booking: BookingRecord, request: RescheduleRequest
) -> Asked | Rejection:
    """The sections that are named, else those that it has. One that it has already keeps its quantity
    where no other is named."""
    items = {item.section_id: item.quantity for item in booking.items} or booking.claims
    wanted = list(items) if request.section_ids is None else request.section_ids
    kept = {id_: items[id_] for id_ in wanted if items.get(id_, 1) > 1}
    given = {**kept, **request.quantities}
    new = wanted if items.keys().isdisjoint(wanted) else ()
    return look_up(venue, day, wanted, quantities_of(venue, new, given, booking.party_size))


def _is_same(asked: Asked, booking: BookingRecord) -> bool:
    items = {unit.section.section_id: quantity for unit, quantity in asked.units}
    return asked.claims == booking.claims and items == {
        item.section_id: item.quantity for item in booking.items
    }


def _check(
    trial: Draft, command: RescheduleBooking, booking: BookingRecord, goal: _Goal
) -> Rejection | None:
    asker, there = command.asker, trial.at(command.to)
    day, asked, price = goal
    most = trial.venue.policy.max_sections_per_hold
    trial.relies_on_future(booking.approval_expires_at)
    trial.relies_on_future(day.ends_at if asker.is_staff else day.closes_at)
    return (
        _check_hour(trial, booking, asker)
        or closed(day, asker, there.now)
        or _check_approval(there, booking, asker, day)
        or (None if command.request.section_ids is None else check_count(len(asked.claims), most))
        or check_party(trial.venue, asked.units, booking.party_size)
        or _check_free(there, booking, asker, asked)
        or check_tables(there, booking.customer_id, asked.claims, without=booking.id)
        or _check_deposit(asker, booking, price)
    )


def _check_free(
    there: Draft, booking: BookingRecord, asker: Asker, asked: Asked
) -> Rejection | None:
    """The request need not name the sections, and never says for how many people: the booking does."""
    denied = check_free(there, asked, asker, booking.customer_id)
    if denied is not None:
        sections = {unit.section.section_id: quantity for unit, quantity in asked.units}
        denied.wanted = Wanted(sections=sections, party_size=booking.party_size)
    return denied


def _check_hour(draft: Draft, booking: BookingRecord, asker: Asker) -> Rejection | None:
    """Customers leave what is confirmed until `cancelUntilMinutes` before its start, as where they
    cancel; staff at any time."""
    if asker.is_staff or is_pending(booking):
        return None
    deadline = later(booking.starts_at, -60 * draft.venue.policy.cancel_until_minutes)
    if draft.now >= deadline:
        return not_now(
            booking, f"The booking could be rescheduled until {deadline}.", since=deadline
        )
    draft.relies_on_future(deadline)
    return None


def _check_approval(
    there: Draft, booking: BookingRecord, asker: Asker, day: Day
) -> Rejection | None:
    """There is no waiting for approval once the slot has started."""
    started = there.now >= day.starts_at
    if not _will_wait(there, booking, asker, day):
        there.relies_on_past(day.starts_at if started else None)
        return None
    if not started:
        there.relies_on_future(day.starts_at)
        return None
    return Rejection(
        code=Code.SLOT_CLOSED,
        detail=f"Bookings here are approved before the slot starts; it started at {day.starts_at}.",
        valid_from=day.starts_at,
    )


def _will_wait(there: Draft, booking: BookingRecord, asker: Asker, day: Day) -> bool:
    return is_pending(booking) or awaits_approval(there.venue.policy, asker, day, there.now)


def _check_deposit(asker: Asker, booking: BookingRecord, price: Quote) -> Rejection | None:
    """A customer who moves to where the deposit is higher than what was paid pays the rest for the
    booking first. What was let pass when it was made is not asked for now."""
    paid = booking.paid_amount
    if booking.payment_status is PaymentStatus.PAID and not paid:
        paid = booking.total_amount  # staff or a service said so, and no amount
    if asker.is_staff or price.deposit <= max(paid, booking.deposit_amount):
        return None
    return Rejection(
        code=Code.PAYMENT_REQUIRED,
        detail="The deposit there is higher: pay the rest for the booking, then reschedule it.",
        facts={
            "depositAmount": price.deposit,
            "paidAmount": booking.paid_amount,
            "currency": booking.currency,
        },
    )


def _repeat_ends(draft: Draft, trial: Draft) -> None:
    """What was due and in the way on trial ends here, and the trial's window of time is the outcome's."""
    for record in trial.all_records():
        expire_record(draft.at(record.channel), record.id)
    draft.relies_on_past(trial.valid_from)
    draft.relies_on_future(trial.valid_until)


def _move(
    draft: Draft, command: RescheduleBooking, booking: BookingRecord, goal: _Goal, cause: Cause
) -> Decision:
    there, asker = draft.at(command.to), command.asker
    _count_old_night(draft, booking)
    moved = _moved(there, booking, asker, goal)
    moved.status_reason = command.request.reason
    claims = {id_: claim_of(moved, id_, amount) for id_, amount in goal.price.amounts.items()}
    moved.spans = transfer(draft, there, cause, booking, claims)
    moved.version = there.version
    if there is not draft:
        draft.leave(booking.id)
    before = {
        "previousDate": booking.date,
        "previousSlotId": booking.slot,
        "previousSectionIds": list(booking.claims),
        "previousStatus": booking.status.value,
        "previousTotalAmount": booking.total_amount,
        "paidAmount": booking.paid_amount,
    }
    save_with(there, moved, NoticeType.BOOKING_RESCHEDULED, cause, before)
    return draft.close(answer_of(moved, there.now))


def _count_old_night(draft: Draft, booking: BookingRecord) -> None:
    """Have the quota at hand that the booking leaves; the one that it comes to is seen to by saving."""
    limited = draft.venue.policy.max_tables_per_customer_per_date is not None
    if limited and booking.customer_id is not None:
        draft.scope.quota(booking.date, booking.customer_id)


def _moved(there: Draft, booking: BookingRecord, asker: Asker, goal: _Goal) -> BookingRecord:
    """The booking as it is there; without its version. A deadline for approval begins anew."""
    policy, now, key = there.venue.policy, there.now, there.state.key
    day, asked, price = goal
    waits = _will_wait(there, booking, asker, day)
    return msgspec.structs.replace(
        booking,
        date=key.date,
        slot=key.slot,
        status=BookingStatus.PENDING_APPROVAL if waits else booking.status,
        claims=asked.claims,
        items=price.items,
        total_amount=price.total,
        deposit_amount=price.deposit,
        currency=there.venue.definition.currency,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        approval_expires_at=approval_deadline(policy, day.starts_at, now) if waits else None,
        updated_at=now,
        revision=booking.revision + 1,
    )
