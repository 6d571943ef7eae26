"""Giving way: holds and bookings that stand in the way of a block lose all they have to it.

Holds are released, whoever has them. Bookings are cancelled with compensation, each with a conflict that
the blocker has resolved; that takes a manager. Guests who are there already are not sent away.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import field

from command_api.domain.commands import BlockSections
from command_api.domain.decision import Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.payments.compensation import conflict_record, displace, owe, save_with
from command_api.domain.records import ACTIVE_BOOKINGS, BookingRecord, HoldRecord
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import BookingStatus, ClaimKind, HoldStatus, Reason

_PREFIX = "cfl_"


class InTheWay(msgspec.Struct):
    """Records by id, and the sections of each that are contested. `fixed` are sections with something
    that does not give way."""

    holds: dict[str, tuple[Draft, HoldRecord]] = field(default_factory=dict)
    bookings: dict[str, tuple[Draft, BookingRecord]] = field(default_factory=dict)
    sections: dict[str, list[str]] = field(default_factory=dict)
    fixed: list[str] = field(default_factory=list)


class GaveWay(msgspec.Struct):
    """Ids of what gave way."""

    holds: list[str] = field(default_factory=list)
    bookings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def give_way(
    draft: Draft, command: BlockSections, section_ids: Iterable[str]
) -> GaveWay | Rejection:
    """Clear the sections for the block, or say why not."""
    found = _find(draft, section_ids)
    if denied := _check(command, found):
        return denied
    gone = GaveWay()
    for home, hold in found.holds.values():
        _release(home, hold, command)
        gone.holds.append(hold.id)
    for home, booking in found.bookings.values():
        conflict_id = _conflict_id(command.block_id, len(gone.conflicts))
        _displace(home, booking, command, conflict_id, found.sections[booking.id])
        gone.bookings.append(booking.id)
        gone.conflicts.append(conflict_id)
    return gone


def _find(draft: Draft, section_ids: Iterable[str]) -> InTheWay:
    found = InTheWay()
    for section_id in section_ids:
        for claim in draft.claims(section_id):
            if claim.kind is not ClaimKind.BLOCK:
                _note(found, draft.home_of(claim), section_id, claim)
    return found


def _note(found: InTheWay, home: Draft, section_id: str, claim: Claim) -> None:
    match home.record(claim.claim_id):
        case HoldRecord(status=HoldStatus.ACTIVE) as hold:
            found.holds[hold.id] = (home, hold)
        case BookingRecord() as booking if (
            booking.status in ACTIVE_BOOKINGS and booking.status is not BookingStatus.CHECKED_IN
        ):
            found.bookings[booking.id] = (home, booking)
        case _:
            found.fixed.append(section_id)
    found.sections.setdefault(claim.claim_id, []).append(section_id)


def _check(command: BlockSections, found: InTheWay) -> Rejection | None:
    if found.fixed:
        sections = list(dict.fromkeys(found.fixed))
        return Rejection(
            code=Code.BLOCK_CONFLICT,
            detail="Guests are there already: " + ", ".join(sections[:5]) + ".",
            facts={"conflictingSections": sections},
        )
    if found.bookings and not command.asker.may_manage:
        ends = [booking.approval_expires_at for _, booking in found.bookings.values()]
        return Rejection(
            code=Code.ACTION_NOT_PERMITTED,
            detail=f"{len(found.bookings)} bookings are in the way; only a manager may displace them.",
            valid_until=min((end for end in ends if end is not None), default=None),
        )
    return None


def _release(home: Draft, hold: HoldRecord, command: BlockSections) -> None:
    """Whether the hold's own time would have been up in this very moment makes no difference."""
    cause = Cause(Reason.BLOCK_CREATED, command.asker.actor, hold_id=hold.id)
    home.step(cause, [Change(section_id, hold.id, None) for section_id in hold.claims])
    released = msgspec.structs.replace(
        hold,
        status=HoldStatus.RELEASED,
        updated_at=home.now,
        revision=hold.revision + 1,
        version=home.version,
    )
    displaced_by = {"displacedBy": [command.block_id]}
    save_with(home, released, NoticeType.HOLD_RELEASED, cause, displaced_by)
    owe(home, released, cause)


def _displace(
    home: Draft,
    booking: BookingRecord,
    command: BlockSections,
    conflict_id: str,
    section_ids: list[str],
) -> None:
    actor, winner = command.asker.actor, command.block_id
    lost = displace(home, booking, actor, conflict_id=conflict_id, by=[winner])
    conflict = conflict_record(
        home, conflict_id, actor, section_ids=section_ids, booking_ids=[booking.id]
    )
    conflict.winner_id = winner
    conflict.resolved_at = home.now
    conflict.resolved_by = actor.id or actor.type.value
    if lost.compensation is not None:
        conflict.compensations = {booking.id: lost.compensation}
    home.save(conflict, NoticeType.CONFLICT_RESOLVED, Cause(Reason.BOOKING_DISPLACED, actor))


def _conflict_id(block_id: str, number: int) -> str:
    """The rules draw no chance: the conflicts of a block are numbered after it."""
    return f"{_PREFIX}{block_id.removeprefix('blk_')}_{number + 1}"
