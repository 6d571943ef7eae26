"""Decide: the one door to the rules. Pure, and the scope is left as it was.

    decide(scope, command, now) -> Decision | Rejection

Whoever accepts a decision brings the scope up to it with `evolve.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from command_api.domain import commands
from command_api.domain.blocks import blocking
from command_api.domain.bookings import (
    cancelling,
    confirming,
    customers,
    edits,
    moves,
    requests,
    reschedule,
    series,
)
from command_api.domain.commands import Command
from command_api.domain.conflicts import imports, resolving
from command_api.domain.decision import Decision, Rejection
from command_api.domain.holds import change_hold, expiry, hold_changes, holding
from command_api.domain.model import Scope
from command_api.domain.payments import events
from command_api.domain.waitlist import joining, taking_offers

_RULES: dict[type, Callable[[Scope, Any, str], Decision | Rejection]] = {
    commands.HoldSections: holding.hold_sections,
    commands.ConfirmHold: confirming.confirm_hold,
    commands.ReleaseHold: hold_changes.release_hold,
    commands.ExtendHold: hold_changes.extend_hold,
    commands.ChangeHold: change_hold.change_hold,
    commands.ExpireRecords: expiry.expire_records,
    commands.WarnExpiring: customers.warn_expiring,
    commands.ErasePersonalData: customers.erase_personal_data,
    commands.RequestBooking: requests.request_booking,
    commands.MoveBooking: moves.move_booking,
    commands.EditBooking: edits.edit_booking,
    commands.CancelBooking: cancelling.cancel_booking,
    commands.RescheduleBooking: reschedule.reschedule_booking,
    commands.BookSeries: series.book_series,
    commands.CancelSeries: series.cancel_series,
    commands.BlockSections: blocking.block_sections,
    commands.RemoveBlock: blocking.remove_block,
    commands.RecordPayment: events.record_payment,
    commands.JoinWaitlist: joining.join_waitlist,
    commands.LeaveWaitlist: joining.leave_waitlist,
    commands.AcceptOffer: taking_offers.accept_offer,
    commands.DeclineOffer: taking_offers.decline_offer,
    commands.ServeWaitlist: joining.serve_waitlist,
    commands.ImportBooking: imports.import_booking,
    commands.ResolveConflict: resolving.resolve_conflict,
}


def decide(scope: Scope, command: Command, now: str) -> Decision | Rejection:
    """`now` is the database's time; a channel's own never goes back, so where the clock did, the
    channel's last change stands for now. Raises Missing where the rules need more than was loaded."""
    return _RULES[type(command)](scope, command, max(now, scope.channel.updated_at))
