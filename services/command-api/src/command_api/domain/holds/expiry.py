"""Ends by the clock: holds whose time is up, bookings that nobody approved in time.

What is past its time never denies anybody: whoever finds it in the way expires it first, in the
same decision. The sweeper does the rest with `ExpireRecords`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from command_api.domain.commands import ExpireRecords
from command_api.domain.decision import Decision
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.model import Scope, Unit
from command_api.domain.payments.compensation import owe
from command_api.domain.records import BookingRecord, HoldRecord
from command_api.domain.waitlist.offers import reason_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import (
    ActorType,
    BookingStatus,
    HoldStatus,
    PaymentStatus,
    Reason,
)

SYSTEM = Actor(type=ActorType.SYSTEM)


def expire_records(scope: Scope, command: ExpireRecords, now: str) -> Decision:
    """Those of the named records that are due; no events where none is."""
    draft = Draft(scope, now)
    for record_id in command.record_ids:
        expire_record(draft, record_id)
    return draft.close(None)


def expire_record(draft: Draft, record_id: str) -> None:
    """Expire a hold or a pending booking that is due; leave anything else."""
    match draft.record(record_id):
        case HoldRecord(status=HoldStatus.ACTIVE) as hold if hold.expires_at <= draft.now:
            expire_hold(draft, hold)
        case (
            BookingRecord(
                status=BookingStatus.PENDING_APPROVAL, approval_expires_at=str(due)
            ) as booking
        ) if due <= draft.now:
            _expire_booking(draft, booking)


def expire_claim(draft: Draft, section_id: str, claim_id: str) -> None:
    """Expire the record behind a claim that is due, in whichever channel the record is."""
    claim = draft.claim(section_id, claim_id)
    if claim is not None:
        expire_record(draft.home_of(claim), claim_id)


def expire_hold(draft: Draft, hold: HoldRecord) -> HoldRecord:
    """All sections of a hold that is due become free; the record as it is then."""
    cause = Cause(reason_of(hold, Reason.HOLD_EXPIRED), SYSTEM, hold_id=hold.id)
    draft.step(cause, [Change(section_id, hold.id, None) for section_id in hold.claims])
    ended = msgspec.structs.replace(
        hold,
        status=HoldStatus.EXPIRED,
        updated_at=draft.now,
        revision=hold.revision + 1,
        version=draft.version,
    )
    draft.relies_on_past(hold.expires_at)
    draft.save(ended, NoticeType.HOLD_EXPIRED, cause, by_clock=True)
    return owe(draft, ended, cause, by_clock=True)


def _expire_booking(draft: Draft, booking: BookingRecord) -> None:
    cause = Cause(Reason.APPROVAL_EXPIRED, SYSTEM, hold_id=booking.hold_id, booking_id=booking.id)
    draft.step(cause, [Change(section_id, booking.id, None) for section_id in booking.claims])
    ended = msgspec.structs.replace(
        booking,
        status=BookingStatus.EXPIRED,
        payment_status=refunded(booking.payment_status),
        updated_at=draft.now,
        revision=booking.revision + 1,
        version=draft.version,
    )
    draft.relies_on_past(booking.approval_expires_at)
    draft.save(ended, NoticeType.BOOKING_DECLINED, cause, by_clock=True)


def refunded(status: PaymentStatus) -> PaymentStatus:
    """What was paid for a booking that ended before its time is to be paid back."""
    return PaymentStatus.REFUND_DUE if status is PaymentStatus.PAID else status


def make_room(draft: Draft, wanted: Mapping[str, int]) -> list[Unit]:
    """The sections that have not so many units free, once what is due there has been expired: only as
    much as needed, the oldest first, so that one command does not pay for all. What comes free goes to
    those who wait for it first; and what they are given may be any of the sections, also one that was free
    all the time (seats side by side), so all are looked at again after each serving."""
    while True:
        version = draft.version
        lacking = [
            unit
            for section_id, quantity in wanted.items()
            if not expire_due(draft, unit := draft.unit(section_id), quantity)
        ]
        if draft.version == version:
            return lacking
        draft.serve()


def expire_due(draft: Draft, unit: Unit, quantity: int) -> bool:
    """Whether `quantity` units of the section are free, once as much of what is due there as needed has
    been expired. Who waits has been given nothing of it yet."""
    while draft.left(unit) < quantity:
        first, version = draft.first_end(unit), draft.version
        if first is None or first.at > draft.now:
            return False
        expire_claim(draft, unit.section.section_id, first.claim_id)
        if draft.version == version:  # a claim without its record: it can end, but not by itself
            return False
    return True
