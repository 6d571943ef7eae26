"""NATS names: streams, buckets, subjects, headers, request subjects."""

from __future__ import annotations

from holdfast.contracts.channels import ChannelKey, CustomerKey

LIVE_STREAM = "LIVE"
"""Availability and private notifications, 48 h, total order: what gateways follow."""
LIVE_SUBJECTS = ("availability.v1.>", "customers.v1.>")
LIVE_SECONDS = 48 * 3600

BOOKINGS_STREAM = "BOOKINGS"
"""Life-cycle notices for other services, 30 days, at least once (`ce-id` dedupes)."""
BOOKINGS_SUBJECTS = ("bookings.v1.>",)
BOOKINGS_SECONDS = 30 * 86400

SNAPSHOTS_BUCKET = "SNAPSHOTS"
"""Key-value: the latest snapshot of each moving channel (`SnapshotRecord`, gzip of JSON)."""
VENUES_BUCKET = "VENUES"
"""Key-value: the public part of each venue definition (`VenueRecord`, JSON), key `{club}.{venue}`."""

SNAPSHOT_SUBJECT = "holdfast.v1.snapshot"
COMMAND_SUBJECT = "holdfast.v1.command"
RELAY_HINT_SUBJECT = "holdfast.internal.relay"
"""Core NATS, sent after a commit: channels (names, one a line) with something to publish."""

PRESENCE_SUBJECT = "holdfast.v1.presence"
"""Core NATS, between gateways: how many streams each has on which channel (`PresenceReport`)."""

HEADER_EPOCH = "Holdfast-Epoch"
HEADER_MSG_ID = "Nats-Msg-Id"
HEADER_EXPECTED_SUBJECT_SEQ = "Nats-Expected-Last-Subject-Sequence"
EPOCH_METADATA = "holdfast-epoch"
"""Key of the epoch in the metadata of the `LIVE` stream."""


def availability_subject(key: ChannelKey) -> str:
    """`availability.v1.{club}.{venue}.{date}.{slot}`; dense and in order per subject."""
    return f"availability.v1.{key.club}.{key.venue}.{key.date}.{key.slot}"


def customer_subject(key: CustomerKey) -> str:
    """`customers.v1.{club}.{customerId}`: a person's own notifications."""
    return f"customers.v1.{key.club}.{key.customer}"


def booking_subject(club: str, venue: str, type_: str) -> str:
    """`bookings.v1.{club}.{venue}.{object}.{verb}` for a notice type like `hold.created`."""
    return f"bookings.v1.{club}.{venue}.{type_}"


def channel_of_subject(subject: str) -> ChannelKey | CustomerKey | None:
    """The channel that a subject of `LIVE` belongs to; None for any other subject."""
    parts = subject.split(".")
    if len(parts) == 6 and parts[0] == "availability" and parts[1] == "v1":
        return ChannelKey(*parts[2:])
    if len(parts) == 4 and parts[0] == "customers" and parts[1] == "v1":
        return CustomerKey(*parts[2:])
    return None


def snapshot_key(key: ChannelKey) -> str:
    """Key of a channel in the snapshots bucket."""
    return f"{key.club}.{key.venue}.{key.date}.{key.slot}"


def venue_key(club: str, venue: str) -> str:
    """Key of a venue in the venues bucket."""
    return f"{club}.{venue}"


def message_id(epoch: str, key: ChannelKey, version: int) -> str:
    """`Nats-Msg-Id` of one availability event: `{epoch}/{channel}/{version}`."""
    return f"{epoch}/{key.name}/{version}"
