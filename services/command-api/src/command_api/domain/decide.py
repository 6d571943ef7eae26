"""Decide: the one door to the rules. Pure, and the scope is left as it was.

    decide(scope, command, now) -> Decision | Rejection

Whoever accepts a decision brings the scope up to it with `evolve.apply`.
"""

from __future__ import annotations

from command_api.domain.blocks import block_sections, remove_block
from command_api.domain.bookings import cancel_booking, confirm_hold
from command_api.domain.commands import (
    BlockSections,
    CancelBooking,
    Command,
    ConfirmHold,
    ExpireRecords,
    ExtendHold,
    HoldSections,
    ReleaseHold,
    RemoveBlock,
)
from command_api.domain.decision import Decision, Rejection
from command_api.domain.expiry import expire_records
from command_api.domain.hold_changes import extend_hold, release_hold
from command_api.domain.holds import hold_sections
from command_api.domain.model import Scope


def decide(scope: Scope, command: Command, now: str) -> Decision | Rejection:
    """`now` is the database's time; a channel's own never goes back, so where the clock did, the
    channel's last change stands for now."""
    now = max(now, scope.channel.updated_at)
    match command:
        case HoldSections():
            return hold_sections(scope, command, now)
        case ConfirmHold():
            return confirm_hold(scope, command, now)
        case ReleaseHold():
            return release_hold(scope, command, now)
        case ExtendHold():
            return extend_hold(scope, command, now)
        case ExpireRecords():
            return expire_records(scope, command, now)
        case CancelBooking():
            return cancel_booking(scope, command, now)
        case BlockSections():
            return block_sections(scope, command, now)
        case RemoveBlock():
            return remove_block(scope, command, now)
