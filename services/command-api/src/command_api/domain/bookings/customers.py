"""Customers: told when a hold ends soon; their personal data erased from their bookings."""

from __future__ import annotations

from typing import TypeGuard

import msgspec

from command_api.domain.commands import ErasePersonalData, WarnExpiring
from command_api.domain.decision import Decision
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause
from command_api.domain.holds.expiry import SYSTEM
from command_api.domain.model import Scope
from command_api.domain.records import BookingRecord, HoldRecord, Record
from command_api.domain.times import later
from holdfast.contracts.customers import Erasure
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.states import BookingStatus, Reason

WARNING_SECONDS = 60
"""So long before a hold ends its customer is told."""
WORTH_A_WARNING = 90
"""Seconds that a hold lasts from its last change; a shorter one is over before anybody reads it."""
TO_COME = frozenset({BookingStatus.PENDING_APPROVAL, BookingStatus.CONFIRMED})


def warn_expiring(scope: Scope, command: WarnExpiring, now: str) -> Decision:
    """Tell the customers of those of these holds that end within the minute, once. No section
    changes: the customer's own channel alone has it."""
    draft = Draft(scope, now)
    for record_id in command.record_ids:
        hold = draft.record(record_id)
        if isinstance(hold, HoldRecord) and _ends_soon(hold, draft.now):
            warned = msgspec.structs.replace(
                hold,
                warned=True,
                updated_at=draft.now,
                revision=hold.revision + 1,
                version=draft.version,
            )
            cause = Cause(Reason.HOLD_CREATED, SYSTEM, hold_id=hold.id)
            draft.save(warned, NoticeType.HOLD_EXPIRING, cause)
    return draft.close(None)


def _ends_soon(hold: HoldRecord, now: str) -> bool:
    if hold.warned or hold.customer_id is None:
        return False
    long_enough = hold.expires_at >= later(hold.updated_at, WORTH_A_WARNING)
    return long_enough and later(hold.expires_at, -WARNING_SECONDS) <= now < hold.expires_at


def erase_personal_data(scope: Scope, command: ErasePersonalData, now: str) -> Decision:
    """Contact, notes, special requests, metadata and reasons (which a customer may have written) leave
    the customer's bookings of this channel, whatever their status. The events never had them."""
    draft = Draft(scope, now)
    erased: list[str] = []
    known: dict[str, Record] = {record.id: record for record in command.records}
    known.update(draft.state.records)
    for record in known.values():
        if _is_of(record, command.customer_id) and has_personal_data(record):
            _erase(draft, record, command)
            erased.append(record.id)
    active = [
        record.id
        for record in draft.state.records.values()
        if _is_of(record, command.customer_id) and record.status in TO_COME
    ]
    return draft.close(
        Erasure(
            customer_id=command.customer_id, erased_booking_ids=erased, active_booking_ids=active
        )
    )


def _is_of(record: Record, customer_id: str) -> TypeGuard[BookingRecord]:
    return isinstance(record, BookingRecord) and record.customer_id == customer_id


def has_personal_data(booking: BookingRecord) -> bool:
    """Whether there is anything to erase."""
    return bool(
        booking.contact
        or booking.notes
        or booking.special_requests
        or booking.metadata
        or booking.status_reason
    )


def _erase(draft: Draft, booking: BookingRecord, command: ErasePersonalData) -> None:
    erased = msgspec.structs.replace(
        booking,
        contact=None,
        notes=None,
        special_requests=None,
        metadata={},
        status_reason=None,
        updated_at=draft.now,
        revision=booking.revision + 1,
        version=draft.version,
    )
    cause = Cause(Reason.PERSONAL_DATA_ERASED, command.asker.actor, booking_id=booking.id)
    draft.save(erased, NoticeType.BOOKING_CHANGED, cause, by_clock=True)
