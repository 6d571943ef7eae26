"""Problem codes and the RFC 9457 `application/problem+json` body.

A problem is `{type, title, status, detail, code, requestId}` and, by code, the facts listed at
the code. Codes are a closed list that only grows; clients switch on `code`, never on `detail`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

PROBLEM_JSON = "application/problem+json"


class Code(StrEnum):
    VALIDATION_FAILED = "VALIDATION_FAILED"
    IDEMPOTENCY_KEY_REQUIRED = "IDEMPOTENCY_KEY_REQUIRED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
    ACTION_NOT_PERMITTED = "ACTION_NOT_PERMITTED"
    NOT_FOUND = "NOT_FOUND"
    """No such route; a route's own objects have codes of their own, below."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    CLUB_NOT_FOUND = "CLUB_NOT_FOUND"
    VENUE_NOT_FOUND = "VENUE_NOT_FOUND"
    SLOT_NOT_FOUND = "SLOT_NOT_FOUND"
    SECTION_NOT_FOUND = "SECTION_NOT_FOUND"
    """`sectionIds`."""
    LAYOUT_NOT_FOUND = "LAYOUT_NOT_FOUND"
    HOLD_NOT_FOUND = "HOLD_NOT_FOUND"
    BOOKING_NOT_FOUND = "BOOKING_NOT_FOUND"
    BLOCK_NOT_FOUND = "BLOCK_NOT_FOUND"
    WAITLIST_ENTRY_NOT_FOUND = "WAITLIST_ENTRY_NOT_FOUND"
    OFFER_NOT_FOUND = "OFFER_NOT_FOUND"
    CONFLICT_NOT_FOUND = "CONFLICT_NOT_FOUND"
    SECTION_NOT_AVAILABLE = "SECTION_NOT_AVAILABLE"
    """`conflictingSections`, `heldUntil`, `alternatives`, `waitlistOption`, `version`, `ownHoldId`."""
    CAPACITY_EXCEEDED = "CAPACITY_EXCEEDED"
    """`sectionId`, `requested`, `available`, `alternatives`, `waitlistOption`, `version`."""
    HOLD_NOT_OWNED = "HOLD_NOT_OWNED"
    """`holdIds`."""
    INVALID_TRANSITION = "INVALID_TRANSITION"
    """`currentStatus`: of the hold, booking or block (`status` is the HTTP one)."""
    BLOCK_CONFLICT = "BLOCK_CONFLICT"
    """`conflictingSections`."""
    SECTION_IN_USE = "SECTION_IN_USE"
    """`sectionIds`, or `slotIds` where a slot with claims was to go."""
    PAYMENT_AFTER_EXPIRY = "PAYMENT_AFTER_EXPIRY"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    OFFER_EXPIRED = "OFFER_EXPIRED"
    VERSION_MISMATCH = "VERSION_MISMATCH"
    """`version`: the one that is current."""
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    """`max`: bytes."""
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    CAPACITY_MISMATCH = "CAPACITY_MISMATCH"
    """`requested`, `min`, `max`."""
    MAX_TABLES_EXCEEDED = "MAX_TABLES_EXCEEDED"
    """`max`, `current`."""
    TOO_MANY_SECTIONS = "TOO_MANY_SECTIONS"
    """`max`, `requested`."""
    DUPLICATE_SECTIONS = "DUPLICATE_SECTIONS"
    """`sectionIds`."""
    HOLD_LIMIT_REACHED = "HOLD_LIMIT_REACHED"
    """`max`; `sectionIds` and `notBefore` where they were held for too long."""
    SLOT_CLOSED = "SLOT_CLOSED"
    PRECONDITION_REQUIRED = "PRECONDITION_REQUIRED"
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"


STATUS: dict[Code, int] = {
    Code.VALIDATION_FAILED: 400,
    Code.IDEMPOTENCY_KEY_REQUIRED: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PAYMENT_REQUIRED: 402,
    Code.ACTION_NOT_PERMITTED: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CLUB_NOT_FOUND: 404,
    Code.VENUE_NOT_FOUND: 404,
    Code.SLOT_NOT_FOUND: 404,
    Code.SECTION_NOT_FOUND: 404,
    Code.LAYOUT_NOT_FOUND: 404,
    Code.HOLD_NOT_FOUND: 404,
    Code.BOOKING_NOT_FOUND: 404,
    Code.BLOCK_NOT_FOUND: 404,
    Code.WAITLIST_ENTRY_NOT_FOUND: 404,
    Code.OFFER_NOT_FOUND: 404,
    Code.CONFLICT_NOT_FOUND: 404,
    Code.SECTION_NOT_AVAILABLE: 409,
    Code.CAPACITY_EXCEEDED: 409,
    Code.HOLD_NOT_OWNED: 409,
    Code.INVALID_TRANSITION: 409,
    Code.BLOCK_CONFLICT: 409,
    Code.SECTION_IN_USE: 409,
    Code.PAYMENT_AFTER_EXPIRY: 409,
    Code.IDEMPOTENCY_IN_PROGRESS: 409,
    Code.HOLD_EXPIRED: 410,
    Code.OFFER_EXPIRED: 410,
    Code.VERSION_MISMATCH: 412,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.IDEMPOTENCY_KEY_REUSED: 422,
    Code.CAPACITY_MISMATCH: 422,
    Code.MAX_TABLES_EXCEEDED: 422,
    Code.TOO_MANY_SECTIONS: 422,
    Code.DUPLICATE_SECTIONS: 422,
    Code.HOLD_LIMIT_REACHED: 422,
    Code.SLOT_CLOSED: 422,
    Code.PRECONDITION_REQUIRED: 428,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The members that every problem has; facts of a code stand beside them (RFC 9457 §3.2)."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    request_id: str


_TITLES: dict[Code, str] = {code: code.value.replace("_", " ").capitalize() for code in Code}


def problem_body(code: Code, detail: str, request_id: str, facts: dict[str, Any]) -> bytes:
    """A problem as JSON; `facts` are extension members with camelCase names, and never stand in for a
    member that every problem has."""
    return msgspec.json.encode(
        facts
        | {
            "type": f"urn:holdfast:problem:{code.value.lower().replace('_', '-')}",
            "title": _TITLES[code],
            "status": STATUS[code],
            "detail": detail,
            "code": code.value,
            "requestId": request_id,
        }
    )
