"""Rows: what the domain yields, as the columns of the tables have it. Shapes are those of the
append's arguments, without the group."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import msgspec

from command_api.domain.records import (
    BlockRecord,
    BookingRecord,
    ConflictRecord,
    EntryRecord,
    HoldRecord,
    Record,
    is_active,
    status_of,
)
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
_KINDS = {
    HoldRecord: "hold",
    BookingRecord: "booking",
    BlockRecord: "block",
    EntryRecord: "entry",
    ConflictRecord: "conflict",
}


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
        data={
            **notice.data,
            "status": notice.status,
            "channel": notice.channel,
            "version": notice.version,
        },
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
    booking = record if isinstance(record, BookingRecord) else None
    contact = booking.contact if booking is not None else None
    return (
        group,
        record.club,
        record.id,
        _KINDS[type(record)],
        status_of(record),
        is_active(record),
        head,
        record.venue,
        record.date,
        record.slot,
        record.customer_id,
        booking.reference if booking is not None else None,
        booking.series_id if booking is not None else None,
        None if contact is None else name_key(contact.name),
        None if contact is None or contact.phone is None else phone_key(contact.phone),
        record.revision,
        epoch_ms(record.created_at),
        epoch_ms(record.updated_at),
        _json.encode(record),
    )


def name_key(name: str) -> str:
    """A name as it is searched by, words with one blank between: case, accents, spacing and
    punctuation do not matter. A part of a name behind a hyphen or an apostrophe is a word too."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(
        "".join(
            " " if unicodedata.category(char)[0] in "CPSZ" else char
            for char in plain
            if not unicodedata.combining(char)
        ).split()
    )


def phone_key(phone: str) -> str:
    """A telephone number as it is searched by: its digits."""
    return "".join(char for char in phone if char.isascii() and char.isdigit())


def claim_row(claim: Claim, exclusive: bool) -> tuple[object, ...]:
    return (
        claim.kind.value,
        claim.quantity,
        exclusive,
        ms_of(claim.expires_at),
        _json.encode(claim),
    )
