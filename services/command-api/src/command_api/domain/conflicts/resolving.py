"""Conflicts: a booking made elsewhere wants what others have here; one side is to go.

open ──resolve──▶ resolved    by a manager's word, or by rule (see `rivals`)
     ──cancel───▶ resolved    the one made elsewhere was withdrawn
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

import msgspec

from command_api.domain.bookings.booking import cause_of, changed
from command_api.domain.bookings.new_booking import claim_of
from command_api.domain.commands import ResolveConflict
from command_api.domain.conflicts.rivals import Rivals, rank, rivals_of
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.asked import invalid, look_up
from command_api.domain.model import Scope
from command_api.domain.payments.compensation import amounts_of, displace, save_with
from command_api.domain.records import BookingRecord, ConflictRecord, Record
from command_api.domain.venue.days import day_of, no_slot
from holdfast.contracts.conflicts import Conflict
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import BookingStatus, Reason

BY_RULE = "rule"


def resolve_conflict(scope: Scope, command: ResolveConflict, now: str) -> Decision | Rejection:
    """Again the same answer where it is resolved already. Where what stood in the way has gone since,
    the one made elsewhere wins at once."""
    conflict = scope.channel.records.get(command.conflict_id) or command.record
    if not isinstance(conflict, ConflictRecord):
        detail = f"There is no conflict {command.conflict_id}."
        return Rejection(code=Code.CONFLICT_NOT_FOUND, detail=detail)
    draft, word = Draft(scope, now), command.winner_id
    if conflict.resolved_at is not None:
        return _settled(conflict, word) or draft.close(conflict_answer(conflict))
    actor, waiting = command.asker.actor, scope.channel.records.get(conflict.booking_ids[-1])
    cause, by = Cause(Reason.CONFLICT_RESOLVED, actor), BY_RULE if word is None else _name(actor)
    if not _waits(waiting):  # it ended in some other way
        closed = _close(draft, conflict, cause, winner_id=None, resolved_by=by)
        return draft.close(conflict_answer(closed))
    rivals = rivals_of(draft, waiting.claims)
    winner = _winner(conflict, waiting, rivals, word)
    if isinstance(winner, Rejection):
        return winner
    if winner.id == waiting.id and (denied := _check_free(draft, waiting, rivals)):
        return denied
    losers = rivals.losers.values() if winner.id == waiting.id else [waiting]
    gone = [_displace(draft, conflict, loser, winner, actor) for loser in losers]
    if winner.id == waiting.id:
        if taken := [id_ for id_ in waiting.claims if not _fits(draft, waiting, id_)]:
            return _blocked(draft, taken)  # a block that waited in an overlapping slot was first
        _confirm(draft, waiting, actor)
    closed = _close(draft, conflict, cause, winner_id=winner.id, losers=gone, resolved_by=by)
    return draft.close(conflict_answer(closed))


def _waits(record: Record | None) -> TypeGuard[BookingRecord]:
    return isinstance(record, BookingRecord) and record.status is BookingStatus.CONFLICTED


def withdraw(draft: Draft, booking: BookingRecord, actor: Actor) -> None:
    """Close the conflict of a booking that has just been cancelled: nobody has to lose anything."""
    conflict = draft.record(booking.conflict_id or "")
    if isinstance(conflict, ConflictRecord) and conflict.resolved_at is None:
        cause = Cause(Reason.CONFLICT_RESOLVED, actor)
        _close(draft, conflict, cause, winner_id=None, resolved_by=_name(actor))


def conflict_answer(conflict: ConflictRecord) -> Conflict:
    return Conflict(
        conflict_id=conflict.id,
        date=conflict.date,
        slot_id=conflict.slot,
        section_id=conflict.section_ids[0],
        section_ids=conflict.section_ids,
        booking_ids=conflict.booking_ids,
        winner_id=conflict.winner_id,
        created_at=conflict.created_at,
        resolved_at=conflict.resolved_at,
        resolved_by=conflict.resolved_by,
        compensations=conflict.compensations,
        channel=conflict.channel.name,
        version=conflict.version,
    )


def _settled(conflict: ConflictRecord, word: str | None) -> Rejection | None:
    if word is None or word == conflict.winner_id:
        return None
    return Rejection(
        code=Code.INVALID_TRANSITION,
        detail="The conflict is resolved already, for another booking.",
        facts={"currentStatus": "resolved", "winnerId": conflict.winner_id},
    )


def _winner(
    conflict: ConflictRecord, waiting: BookingRecord, rivals: Rivals, word: str | None
) -> BookingRecord | Rejection:
    """By word: whoever is named, if they are in it. By rule: the one made elsewhere, where it comes
    before all who would have to go for it; else the first of those."""
    if word is None:
        return min([waiting, *rivals.losers.values()], key=rank)
    if word == waiting.id:
        return waiting
    if word in rivals.standing:
        return rivals.standing[word]
    if word in conflict.booking_ids:
        return Rejection(
            code=Code.INVALID_TRANSITION,
            detail=f"Booking {word} has none of the sections any more.",
            facts={"currentStatus": "open"},
        )
    return invalid("winnerId", f"booking {word} is not in this conflict")


def _check_free(draft: Draft, waiting: BookingRecord, rivals: Rivals) -> Rejection | None:
    """Whether its sections can be given to it: bookings give way, nothing else does, nor do guests
    who are there."""
    day = day_of(draft.venue, waiting.date, waiting.slot)
    if day is None:
        return no_slot(draft.venue, waiting.date, waiting.slot)
    asked = look_up(draft.venue, day, waiting.claims, {})
    if isinstance(asked, Rejection):
        return asked
    if rivals.blocked:
        return _blocked(draft, rivals.blocked)
    if rivals.held:
        return Rejection(
            code=Code.SECTION_NOT_AVAILABLE,
            detail="Somebody holds " + ", ".join(rivals.held[:5]) + "; wait until that has ended.",
            facts={
                "conflictingSections": rivals.held,
                "heldUntil": rivals.held_until,
                "alternatives": [],
                "version": draft.state.version,
            },
            valid_until=draft.valid_until,
        )
    for booking in rivals.losers.values():
        if booking.status is BookingStatus.CHECKED_IN:
            return Rejection(
                code=Code.INVALID_TRANSITION,
                detail=f"The guests of booking {booking.id} are there already.",
                facts={"currentStatus": booking.status.value},
            )
    return None


def _blocked(draft: Draft, section_ids: list[str]) -> Rejection:
    return Rejection(
        code=Code.BLOCK_CONFLICT,
        detail="Blocked: " + ", ".join(section_ids[:5]) + ".",
        facts={"conflictingSections": section_ids},
        valid_until=draft.valid_until,
    )


def _fits(draft: Draft, booking: BookingRecord, section_id: str) -> bool:
    return draft.left(draft.unit(section_id)) >= booking.claims[section_id]


def _displace(
    draft: Draft,
    conflict: ConflictRecord,
    loser: BookingRecord,
    winner: BookingRecord,
    actor: Actor,
) -> BookingRecord:
    """In whichever channel the loser is."""
    waited = loser.status is BookingStatus.CONFLICTED
    return displace(
        draft.at(loser.channel),
        loser,
        actor,
        conflict_id=conflict.id,
        by=[winner.id],
        reason=Reason.CONFLICT_RESOLVED if waited else Reason.BOOKING_DISPLACED,
    )


def _confirm(draft: Draft, waiting: BookingRecord, actor: Actor) -> None:
    cause = cause_of(Reason.CONFLICT_RESOLVED, actor, waiting)
    booking = msgspec.structs.replace(waiting, status=BookingStatus.CONFIRMED)
    amounts = {item.section_id: item.amount for item in booking.items}
    draft.step(
        cause,
        [
            Change(section_id, None, claim_of(booking, section_id, amounts.get(section_id)))
            for section_id in booking.claims
        ],
    )
    draft.save(changed(draft, booking), NoticeType.BOOKING_CONFIRMED, cause)


def _close(
    draft: Draft,
    conflict: ConflictRecord,
    cause: Cause,
    *,
    winner_id: str | None,
    losers: Iterable[BookingRecord] = (),
    resolved_by: str,
) -> ConflictRecord:
    offers = {loser.id: loser.compensation for loser in losers if loser.compensation is not None}
    *others, waiting = conflict.booking_ids
    named = dict.fromkeys([*others, *offers, winner_id or waiting])
    closed = msgspec.structs.replace(
        conflict,
        booking_ids=[*(id_ for id_ in named if id_ != waiting), waiting],
        winner_id=winner_id,
        resolved_at=draft.now,
        resolved_by=resolved_by,
        compensations=offers,
        updated_at=draft.now,
        revision=conflict.revision + 1,
        version=draft.version,
    )
    data = {"compensations": {id_: amounts_of(offer) for id_, offer in offers.items()}}
    save_with(draft, closed, NoticeType.CONFLICT_RESOLVED, cause, data)
    return closed


def _name(actor: Actor) -> str:
    return actor.id or actor.type.value
