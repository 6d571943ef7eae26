"""Problems with facts: what a problem of each code says beside the members that all have."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from holdfast.contracts.ids import Timestamp
from holdfast.contracts.problems import Code, Problem
from holdfast.contracts.queries import Alternative
from holdfast.contracts.wire import Wire


class FieldError(Wire, kw_only=True):
    """`path` names the member, the parameter or the header; empty where it is the whole body."""

    path: str
    message: str


class ValidationFailed(Problem, frozen=True, kw_only=True):
    """All that is wrong, as far as it could be read."""

    errors: list[FieldError]
    parameter: str | UnsetType = UNSET
    """The query parameter, where it is one."""


class PaymentRequired(Problem, frozen=True, kw_only=True):
    """A deposit is to be paid first."""

    deposit_amount: int
    currency: str
    paid_amount: int | UnsetType = UNSET
    """What was paid of it."""


class SectionNotFound(Problem, frozen=True, kw_only=True):
    """These are not in the venue, or take no part in the slot."""

    section_ids: list[str]


class SectionNotAvailable(Problem, frozen=True, kw_only=True):
    """Somebody else has it. `version` is the channel's that this was decided on."""

    conflicting_sections: list[str]
    held_until: Timestamp | UnsetType | None = UNSET
    """When the last of the holds in the way ends; null where something else is in the way."""
    alternatives: list[Alternative] | UnsetType = UNSET
    waitlist_option: bool | UnsetType = UNSET
    """The slot is open, and nothing on it fits that would if it were free: the waitlist is what is left."""
    version: int | UnsetType = UNSET
    own_hold_id: str | UnsetType = UNSET
    """It is the asker's own hold that is in the way."""


class CapacityExceeded(Problem, frozen=True, kw_only=True):
    """A section with room for many has not enough left, or a waitlist no place."""

    section_id: str | UnsetType = UNSET
    max: int | UnsetType = UNSET
    """Of the waitlist."""
    requested: int
    available: int
    alternatives: list[Alternative] | UnsetType = UNSET
    waitlist_option: bool | UnsetType = UNSET
    version: int | UnsetType = UNSET


class HoldNotOwned(Problem, frozen=True, kw_only=True):
    """These holds are somebody else's."""

    hold_ids: list[str]


class InvalidTransition(Problem, frozen=True, kw_only=True):
    """`currentStatus`: of the hold, booking, block, entry (`status` is the HTTP one)."""

    current_status: str
    booking_id: str | UnsetType | None = UNSET
    """The booking that the hold, or the offer, has become."""
    entry_id: str | UnsetType = UNSET
    """The waitlist entry whose offer the hold is, or that waits already."""
    winner_id: str | UnsetType | None = UNSET
    """The booking that won the conflict."""


class BlockConflict(Problem, frozen=True, kw_only=True):
    """Claims stand in the way of the block."""

    conflicting_sections: list[str]


class SectionInUse(Problem, frozen=True, kw_only=True):
    """Sections, or slots, with claims on them were to go."""

    section_ids: list[str] | UnsetType = UNSET
    slot_ids: list[str] | UnsetType = UNSET


class PaymentAfterExpiry(Problem, frozen=True, kw_only=True):
    """It was paid for, but too late. `refundDue`: minor units."""

    refund_due: int
    currency: str


class VersionMismatch(Problem, frozen=True, kw_only=True):
    """`version`: the one that is current."""

    version: int


class PayloadTooLarge(Problem, frozen=True, kw_only=True):
    """`max`: bytes."""

    max: int


class CapacityMismatch(Problem, frozen=True, kw_only=True):
    """The party does not fit what was asked for."""

    requested: int
    min: int | None
    max: int | None


class MaxTablesExceeded(Problem, frozen=True, kw_only=True):
    """Tables of one customer and night: `current` without this request."""

    max: int
    current: int


class TooManySections(Problem, frozen=True, kw_only=True):
    """Counted after tables took their seats."""

    max: int
    requested: int


class DuplicateSections(Problem, frozen=True, kw_only=True):
    """Named more than once; a table and one of its seats are."""

    section_ids: list[str]


class HoldLimitReached(Problem, frozen=True, kw_only=True):
    """`max`: holds of one customer at a time, or seconds that a hold may last in all."""

    max: int


PROBLEMS: dict[Code, type[Problem]] = {
    Code.VALIDATION_FAILED: ValidationFailed,
    Code.PAYMENT_REQUIRED: PaymentRequired,
    Code.SECTION_NOT_FOUND: SectionNotFound,
    Code.SECTION_NOT_AVAILABLE: SectionNotAvailable,
    Code.CAPACITY_EXCEEDED: CapacityExceeded,
    Code.HOLD_NOT_OWNED: HoldNotOwned,
    Code.INVALID_TRANSITION: InvalidTransition,
    Code.BLOCK_CONFLICT: BlockConflict,
    Code.SECTION_IN_USE: SectionInUse,
    Code.PAYMENT_AFTER_EXPIRY: PaymentAfterExpiry,
    Code.VERSION_MISMATCH: VersionMismatch,
    Code.PAYLOAD_TOO_LARGE: PayloadTooLarge,
    Code.CAPACITY_MISMATCH: CapacityMismatch,
    Code.MAX_TABLES_EXCEEDED: MaxTablesExceeded,
    Code.TOO_MANY_SECTIONS: TooManySections,
    Code.DUPLICATE_SECTIONS: DuplicateSections,
    Code.HOLD_LIMIT_REACHED: HoldLimitReached,
}
"""Codes that are not here have no facts: their problems are plain `Problem`s."""


def problem_type(code: Code) -> type[Problem]:
    """The shape of a problem of this code."""
    return PROBLEMS.get(code, Problem)
