"""Moves: the verbs by which a booking goes along its life."""

from __future__ import annotations

from command_api.domain.bookings.approval import approve, decline
from command_api.domain.bookings.visits import check_in, complete, no_show
from command_api.domain.commands import MoveBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.model import Scope

_VERBS = {
    "approve": approve,
    "decline": decline,
    "check-in": check_in,
    "complete": complete,
    "no-show": no_show,
}


def move_booking(scope: Scope, command: MoveBooking, now: str) -> Decision | Rejection:
    """Again the same answer where the booking is there already."""
    return _VERBS[command.verb](scope, command, now)
