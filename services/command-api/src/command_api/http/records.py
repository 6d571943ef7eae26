"""Reading single records, and pages of them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from command_api.domain.holds.expiry import refunded
from command_api.domain.holds.hold_changes import owns
from command_api.domain.records import BlockRecord, BookingRecord, EntryRecord, HoldRecord, Record
from command_api.http.auth import asker_of, at_home, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import Kind, missing
from holdfast.contracts.ids import epoch_ms, is_id
from holdfast.contracts.states import BookingStatus, HoldStatus, WaitlistStatus

R = TypeVar("R", HoldRecord, BookingRecord, BlockRecord, EntryRecord)


async def readable_record(call: Call, kind: Kind, type_: type[R]) -> R:
    """The record of the path, as it is now, for its owner and for staff; nobody else learns that it
    is there."""
    principal, club = at_home(call)
    venue, record_id = venue_of(call), call.params["id"]
    record = await call.services.reads.record(club, record_id) if is_id(record_id) else None
    if (
        not isinstance(record, type_)
        or record.venue != venue
        or not owns(asker_of(principal), record.customer_id)
    ):
        raise missing(kind)
    return as_of(record, call.services.clock())


def as_of(record: R, now: str) -> R:
    """Past its time a record is expired to whoever reads it, swept already or not."""
    if isinstance(record, HoldRecord):
        if record.status is HoldStatus.ACTIVE and record.expires_at <= now:
            return msgspec.structs.replace(record, status=HoldStatus.EXPIRED)
    elif isinstance(record, BookingRecord):
        waits = record.status is BookingStatus.PENDING_APPROVAL
        due = record.approval_expires_at
        if waits and due is not None and due <= now:
            return msgspec.structs.replace(
                record,
                status=BookingStatus.EXPIRED,
                payment_status=refunded(record.payment_status),
            )
    elif isinstance(record, EntryRecord):
        due = record.offer_expires_at
        if record.status is WaitlistStatus.OFFERED and due is not None and due <= now:
            return msgspec.structs.replace(record, status=WaitlistStatus.EXPIRED)
    return record


def page_of(record: Record) -> str:
    """Where the page behind this record begins."""
    return f"{epoch_ms(record.created_at)}.{record.id}"
