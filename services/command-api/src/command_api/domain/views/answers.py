"""Records as answers. An ended record answers the same whenever it is asked for: `serverTime` is
the time of its end; for a live one it is now."""

from __future__ import annotations

from typing import overload

from command_api.domain.records import BlockRecord, BookingRecord, HoldRecord, is_active
from holdfast.contracts.blocks import Block
from holdfast.contracts.bookings import Booking
from holdfast.contracts.holds import Hold


@overload
def answer_of(record: HoldRecord, now: str) -> Hold: ...
@overload
def answer_of(record: BookingRecord, now: str) -> Booking: ...
@overload
def answer_of(record: BlockRecord, now: str) -> Block: ...
def answer_of(record: HoldRecord | BookingRecord | BlockRecord, now: str) -> Hold | Booking | Block:
    """The contract's form of a record; `version` is the channel's after its last change."""
    server_time = now if is_active(record) else record.updated_at
    match record:
        case HoldRecord():
            return _hold(record, server_time)
        case BookingRecord():
            return _booking(record, server_time)
        case BlockRecord():
            return _block(record, server_time)


def _hold(record: HoldRecord, server_time: str) -> Hold:
    return Hold(
        hold_id=record.id,
        status=record.status,
        customer_id=record.customer_id,
        section_ids=list(record.claims),
        items=record.items,
        party_size=record.party_size,
        total_amount=record.total_amount,
        deposit_amount=record.deposit_amount,
        currency=record.currency,
        created_at=record.created_at,
        expires_at=record.expires_at,
        server_time=server_time,
        date=record.date,
        slot_id=record.slot,
        channel=record.channel.name,
        version=record.version,
        booking_id=record.booking_id,
        paid_amount=record.paid_amount,
        refund_due=record.refund_due,
    )


def _booking(record: BookingRecord, server_time: str) -> Booking:
    return Booking(
        booking_id=record.id,
        reference=record.reference,
        status=record.status,
        hold_id=record.hold_id,
        series_id=record.series_id,
        customer_id=record.customer_id,
        section_ids=list(record.claims),
        items=record.items,
        party_size=record.party_size,
        total_amount=record.total_amount,
        deposit_amount=record.deposit_amount,
        currency=record.currency,
        payment_status=record.payment_status,
        payment=record.payment,
        contact=record.contact,
        notes=record.notes,
        special_requests=record.special_requests,
        metadata=record.metadata,
        date=record.date,
        slot_id=record.slot,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        approval_expires_at=record.approval_expires_at,
        created_at=record.created_at,
        updated_at=record.updated_at,
        server_time=server_time,
        revision=record.revision,
        channel=record.channel.name,
        version=record.version,
        paid_amount=record.paid_amount,
        external_id=record.external_id,
        conflict_id=record.conflict_id,
        status_reason=record.status_reason,
        compensation=record.compensation,
    )


def _block(record: BlockRecord, server_time: str) -> Block:
    return Block(
        block_id=record.id,
        status=record.status,
        section_ids=[*record.claims, *record.waiting],
        reason=record.reason,
        on_conflict=record.on_conflict,
        created_at=record.created_at,
        updated_at=record.updated_at,
        server_time=server_time,
        date=record.date,
        slot_id=record.slot,
        channel=record.channel.name,
        version=record.version,
        waiting_section_ids=record.waiting,
        displaced_booking_ids=record.displaced,
        conflict_ids=record.conflicts,
        released_hold_ids=record.released,
        actor=record.actor,
    )
