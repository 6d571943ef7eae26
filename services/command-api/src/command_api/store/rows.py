"""Rows: what the domain yields, as the columns of the tables have it. Shapes are those of the
append's arguments, without the group."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from command_api.domain.model import BlockRecord, BookingRecord, HoldRecord, Record, is_active
from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.events import (
    AVAILABILITY_UPDATED_TYPE,
    CUSTOMER_UPDATED_TYPE,
    AvailabilityUpdated,
    CustomerUpdated,
)
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.notices import Notice, notice_ce_type
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.subjects import availability_subject, booking_subject, customer_subject

_json = msgspec.json.Encoder()


class LogRow(NamedTuple):
    """One row of the log: `version` only for what is versioned, `subject` in NATS, `type` of
    CloudEvents, `body` as it goes out."""

    version: int | None
    kind: str
    subject: str
    type: str
    record_id: str | None
    at_ms: int
    body: bytes


def ms_of(text: str | None) -> int | None:
    """Milliseconds since the Unix epoch of a moment, or of none."""
    return None if text is None else epoch_ms(text)


def availability_row(key: ChannelKey, event: AvailabilityUpdated) -> LogRow:
    return LogRow(
        event.version,
        "availability",
        availability_subject(key),
        AVAILABILITY_UPDATED_TYPE,
        event.hold_id or event.booking_id,
        epoch_ms(event.updated_at),
        _json.encode(event),
    )


def notice_row(notice: Notice) -> LogRow:
    return LogRow(
        None,
        "notice",
        booking_subject(notice.club_id, notice.venue_id, notice.type.value),
        notice_ce_type(notice.type),
        notice.object_id,
        epoch_ms(notice.occurred_at),
        _json.encode(notice),
    )


def customer_row(notice: Notice) -> LogRow:
    assert notice.customer_id is not None
    key = CustomerKey(notice.club_id, notice.customer_id)
    body = CustomerUpdated(
        channel=key.name,
        type=notice.type.value,
        object_id=notice.object_id,
        revision=notice.revision,
        occurred_at=notice.occurred_at,
        data={"status": notice.status, "channel": notice.channel, "version": notice.version},
    )
    return LogRow(
        None,
        "customer",
        customer_subject(key),
        CUSTOMER_UPDATED_TYPE,
        notice.object_id,
        epoch_ms(notice.occurred_at),
        _json.encode(body),
    )


def record_row(group: int, head: str, record: Record) -> tuple[object, ...]:
    kind = {HoldRecord: "hold", BookingRecord: "booking", BlockRecord: "block"}[type(record)]
    return (
        group,
        record.club,
        record.id,
        kind,
        record.status.value,
        is_active(record),
        head,
        record.venue,
        record.date,
        record.slot,
        record.customer_id,
        record.reference if isinstance(record, BookingRecord) else None,
        record.revision,
        epoch_ms(record.created_at),
        epoch_ms(record.updated_at),
        _json.encode(record),
    )


def claim_row(claim: Claim, exclusive: bool) -> tuple[object, ...]:
    return (
        claim.kind.value,
        claim.quantity,
        exclusive,
        ms_of(claim.expires_at),
        _json.encode(claim),
    )
