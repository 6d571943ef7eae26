"""The closed vocabularies: states, kinds, roles, reasons.

available ──hold──▶ held ──confirm──▶ confirmed
    ▲                │  └─(policy asks)▶ pending_approval ──approve──▶ confirmed
    └──release/expiry┘                        └──decline/expiry──▶ available
any ──block──▶ blocked ──unblock──▶ what the other claims say
"""

from __future__ import annotations

from enum import StrEnum


class SectionState(StrEnum):
    """State of a section towards staff: its strongest claim."""

    AVAILABLE = "available"
    HELD = "held"
    PENDING_APPROVAL = "pending_approval"
    CONFIRMED = "confirmed"
    BLOCKED = "blocked"


class PublicState(StrEnum):
    """State of a section towards everybody: never who, why or which booking."""

    AVAILABLE = "available"
    HELD = "held"
    UNAVAILABLE = "unavailable"


class SectionKind(StrEnum):
    SECTION = "section"
    TABLE = "table"
    SEAT = "seat"
    POOL = "pool"


class ClaimKind(StrEnum):
    """What takes a section. Claims are the only source of availability."""

    HOLD = "hold"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    BLOCK = "block"


class HoldStatus(StrEnum):
    ACTIVE = "active"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"
    QUOTED = "quoted"
    """The answer to a dry run; never stored."""


class BookingStatus(StrEnum):
    PENDING_APPROVAL = "pending_approval"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    EXPIRED = "expired"
    CONFLICTED = "conflicted"
    """Made elsewhere for what is taken here: without claims until its conflict is resolved."""


class BlockStatus(StrEnum):
    ACTIVE = "active"
    REMOVED = "removed"


class WaitlistStatus(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    LEFT = "left"


class PaymentStatus(StrEnum):
    """`referenced` is a customer's word only; `paid` came from a signed event, staff or a service."""

    NONE = "none"
    REFERENCED = "referenced"
    PAID = "paid"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


class OnConflict(StrEnum):
    """What a block does with claims that stand in its way."""

    REJECT = "reject"
    DISPLACE = "displace"
    AFTER_RELEASE = "after_release"


class Role(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"
    MANAGER = "manager"
    KIOSK = "kiosk"
    SERVICE = "service"
    ADMIN = "admin"


class ActorType(StrEnum):
    """Who caused a change: a token's role, or the system itself (expiry, rules)."""

    CUSTOMER = "customer"
    STAFF = "staff"
    MANAGER = "manager"
    KIOSK = "kiosk"
    SERVICE = "service"
    ADMIN = "admin"
    SYSTEM = "system"


class Audience(StrEnum):
    """Who reads a stream or a snapshot. Public forms are redacted, never dropped."""

    PUBLIC = "public"
    STAFF = "staff"


class Reason(StrEnum):
    """Why a section changed. A table that follows its seats carries its cause's reason."""

    HOLD_CREATED = "hold_created"
    HOLD_CHANGED = "hold_changed"
    HOLD_EXTENDED = "hold_extended"
    HOLD_RELEASED = "hold_released"
    HOLD_EXPIRED = "hold_expired"
    BOOKING_REQUESTED = "booking_requested"
    BOOKING_APPROVED = "booking_approved"
    BOOKING_DECLINED = "booking_declined"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_CHANGED = "booking_changed"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_RESCHEDULED = "booking_rescheduled"
    BOOKING_CHECKED_IN = "booking_checked_in"
    BOOKING_COMPLETED = "booking_completed"
    BOOKING_NO_SHOW = "booking_no_show"
    BOOKING_IMPORTED = "booking_imported"
    BOOKING_DISPLACED = "booking_displaced"
    APPROVAL_EXPIRED = "approval_expired"
    BLOCK_CREATED = "block_created"
    BLOCK_REMOVED = "block_removed"
    WAITLIST_JOINED = "waitlist_joined"
    WAITLIST_LEFT = "waitlist_left"
    WAITLIST_EXPIRED = "waitlist_expired"
    """Waited until the slot could be booked no more."""
    OFFER_CREATED = "offer_created"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    PAYMENT_ACCEPTED = "payment_accepted"
    PAYMENT_LATE = "payment_late"
    PAYMENT_REFUNDED = "payment_refunded"
    CAPACITY_CHANGED = "capacity_changed"
    CONFLICT_OPENED = "conflict_opened"
    CONFLICT_RESOLVED = "conflict_resolved"
    PERSONAL_DATA_ERASED = "personal_data_erased"
    """No section changed: in notices only."""


PUBLIC_STATES: dict[SectionState, PublicState] = {
    SectionState.AVAILABLE: PublicState.AVAILABLE,
    SectionState.HELD: PublicState.HELD,
    SectionState.PENDING_APPROVAL: PublicState.UNAVAILABLE,
    SectionState.CONFIRMED: PublicState.UNAVAILABLE,
    SectionState.BLOCKED: PublicState.UNAVAILABLE,
}

STAFF_ROLES = frozenset({Role.STAFF, Role.MANAGER, Role.KIOSK, Role.SERVICE, Role.ADMIN})
"""Roles that read the full form of the clubs they belong to."""


def audience_of(role: Role | None) -> Audience:
    """The audience a role belongs to (in its own club); anonymous and customers are public."""
    return Audience.STAFF if role in STAFF_ROLES else Audience.PUBLIC
