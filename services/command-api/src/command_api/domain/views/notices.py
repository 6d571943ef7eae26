"""Notices of what became of a record: for other services, without personal data."""

from __future__ import annotations

from typing import Any

from command_api.domain.records import (
    BlockRecord,
    BookingRecord,
    ConflictRecord,
    EntryRecord,
    HoldRecord,
    Record,
    status_of,
)
from holdfast.contracts.notices import Notice, NoticeType
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import Reason


def notice_of(
    record: Record, channel: str, type_: NoticeType, *, actor: Actor, reason: Reason
) -> Notice:
    """The notice of the record's last change, which it carries the revision of."""
    return Notice(
        type=type_,
        club_id=record.club,
        venue_id=record.venue,
        date=record.date,
        slot_id=record.slot,
        channel=channel,
        version=record.version,
        object_id=record.id,
        revision=record.revision,
        status=status_of(record),
        section_ids=_sections(record),
        customer_id=record.customer_id,
        actor=actor,
        reason=reason,
        occurred_at=record.updated_at,
        data=_data(record),
    )


def _data(record: Record) -> dict[str, Any]:
    match record:
        case HoldRecord():
            return {
                "expiresAt": record.expires_at,
                "totalAmount": record.total_amount,
                "currency": record.currency,
            }
        case BookingRecord():
            return {
                "reference": record.reference,
                "holdId": record.hold_id,
                "startsAt": record.starts_at,
                "totalAmount": record.total_amount,
                "currency": record.currency,
                "paymentStatus": record.payment_status.value,
            }
        case EntryRecord():
            return {
                "partySize": record.party_size,
                "holdId": record.hold_id,
                "offerExpiresAt": record.offer_expires_at,
                "bookingId": record.booking_id,
            }
        case ConflictRecord():
            return {"bookingIds": record.booking_ids, "winnerId": record.winner_id}
        case BlockRecord():
            return {
                "waitingSectionIds": record.waiting,
                "displacedBookingIds": record.displaced,
                "releasedHoldIds": record.released,
            }


def _sections(record: Record) -> list[str]:
    match record:
        case EntryRecord():
            return []
        case ConflictRecord():
            return record.section_ids
        case BlockRecord():
            return [*record.claims, *record.waiting]
        case _:
            return list(record.claims)
