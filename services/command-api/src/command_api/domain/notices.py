"""Notices of what became of a record: for other services, without personal data."""

from __future__ import annotations

from typing import Any

from command_api.domain.model import BlockRecord, BookingRecord, HoldRecord, Record
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
        status=record.status.value,
        section_ids=list(record.claims),
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
                "totalAmount": record.total_amount,
                "currency": record.currency,
                "paymentStatus": record.payment_status.value,
            }
        case BlockRecord():
            return {}
