"""Decide: the one door to the rules. Pure, and the scope is left as it was.

    decide(scope, command, now) -> Decision | Rejection

Whoever accepts a decision brings the scope up to it with `evolve.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from command_api.domain import (
    blocks,
    cancelling,
    change_hold,
    commands,
    confirming,
    conflicts,
    customers,
    edits,
    expiry,
    hold_changes,
    holds,
    imports,
    moves,
    payments,
    requests,
    reschedule,
    series,
    taking_offers,
    waitlist,
)
from command_api.domain.commands import Command
from command_api.domain.decision import Decision, Rejection
from command_api.domain.model import Scope

_RULES: dict[type, Callable[[Scope, Any, str], Decision | Rejection]] = {
    commands.HoldSections: holds.hold_sections,
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
    commands.BlockSections: blocks.block_sections,
    commands.RemoveBlock: blocks.remove_block,
    commands.RecordPayment: payments.record_payment,
    commands.JoinWaitlist: waitlist.join_waitlist,
    commands.LeaveWaitlist: waitlist.leave_waitlist,
    commands.AcceptOffer: taking_offers.accept_offer,
    commands.DeclineOffer: taking_offers.decline_offer,
    commands.ServeWaitlist: waitlist.serve_waitlist,
    commands.ImportBooking: imports.import_booking,
    commands.ResolveConflict: conflicts.resolve_conflict,
}


def decide(scope: Scope, command: Command, now: str) -> Decision | Rejection:
    """`now` is the database's time; a channel's own never goes back, so where the clock did, the
    channel's last change stands for now. Raises Missing where the rules need more than was loaded."""
    return _RULES[type(command)](scope, command, max(now, scope.channel.updated_at))
