"""Events: what `LIVE` carries, and what clients get as Server-Sent Events.

Replaying `AvailabilityUpdated` over a snapshot of an earlier version gives the snapshot at every
later version: `claimsRemoved` leave the section, then `claimsAdded` join it, then `newState`,
`capacity` and `heldUntil` hold.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from msgspec import field

from holdfast.contracts.ids import Timestamp
from holdfast.contracts.snapshots import Actor, Capacity, Claim
from holdfast.contracts.states import PublicState, Reason, SectionState
from holdfast.contracts.wire import Wire


class SseEvent(StrEnum):
    """Values of the `event:` field."""

    SNAPSHOT = "snapshot"
    AVAILABILITY_UPDATED = "availability.updated"
    LAYOUT_UPDATED = "layout.updated"
    CUSTOMER_UPDATED = "customer.updated"
    VIEWERS = "viewers"
    CHECKPOINT = "checkpoint"
    RESET = "reset"
    REAUTH = "reauth"


class AvailabilityUpdated(Wire, kw_only=True):
    """One transition of one section, full (staff) form: body of `availability.v1.…`."""

    event_type: Literal["availability.updated"] = "availability.updated"
    channel: str
    club_id: str
    venue_id: str
    date: str
    slot_id: str
    section_id: str
    previous_state: SectionState
    new_state: SectionState
    reason: Reason
    capacity: Capacity
    held_until: Timestamp | None
    updated_at: Timestamp
    version: int
    actor: Actor
    hold_id: str | None
    booking_id: str | None
    claims_added: list[Claim] = field(default_factory=list)
    claims_removed: list[str] = field(default_factory=list)
    """Claim ids."""


class PublicAvailabilityUpdated(Wire, kw_only=True):
    """The same transition for everybody. States may be equal: redacted, never dropped."""

    event_type: Literal["availability.updated"] = "availability.updated"
    channel: str
    club_id: str
    venue_id: str
    date: str
    slot_id: str
    section_id: str
    previous_state: PublicState
    new_state: PublicState
    capacity: Capacity
    held_until: Timestamp | None
    updated_at: Timestamp
    version: int


class LayoutUpdated(Wire, kw_only=True):
    """The venue's definition changed: fetch the layout and a snapshot again."""

    event_type: Literal["layout.updated"] = "layout.updated"
    channel: str
    layout_version: int
    version: int


class CustomerUpdated(Wire, kw_only=True):
    """A private notification: body of `customers.v1.…`. `type` is a notice type (see `notices`);
    the truth is at `GET /v1/clubs/{club}/me`."""

    event_type: Literal["customer.updated"] = "customer.updated"
    channel: str
    type: str
    object_id: str
    revision: int
    occurred_at: Timestamp
    data: dict[str, Any] = field(default_factory=dict)


class Viewers(Wire, kw_only=True):
    """To staff: how many streams watch the channel, over all gateways. Not versioned and without an
    id: it is of the moment, comes when it changed, at most once a second, and after each join."""

    channel: str
    viewers: int


class Checkpoint(Wire, kw_only=True):
    """Sent to quiet clients, so that their cursor does not age out."""

    server_time: Timestamp


class ResetReason(StrEnum):
    """Why a cursor cannot be resumed."""

    MALFORMED = "malformed_cursor"
    EPOCH = "epoch_changed"
    TOO_OLD = "too_old"
    AHEAD = "ahead_of_stream"


class Reset(Wire, kw_only=True):
    """Forget what you know; snapshots follow."""

    reason: ResetReason


class Reauth(Wire, kw_only=True):
    """The ticket or token ended; connect again with a new one."""

    reason: str


AVAILABILITY_UPDATED_TYPE = "holdfast.availability.updated.v1"
LAYOUT_UPDATED_TYPE = "holdfast.layout.updated.v1"
CUSTOMER_UPDATED_TYPE = "holdfast.customer.updated.v1"
