"""Blocks: sections taken out of sale by staff, and given back."""

from __future__ import annotations

import msgspec

from command_api.domain.answers import answer_of
from command_api.domain.asked import invalid, look_up
from command_api.domain.commands import BlockSections, RemoveBlock
from command_api.domain.days import day_of, no_slot
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft import Draft
from command_api.domain.expiry import make_room
from command_api.domain.model import BlockRecord, Day, Scope, Unit
from command_api.domain.step import Cause, Change
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import BlockStatus, ClaimKind, OnConflict, Reason


def block_sections(scope: Scope, command: BlockSections, now: str) -> Decision | Rejection:
    """Each block is a claim of its own for all of a section, so blocks may overlap: a section is
    back on sale when the last is removed."""
    key, request = command.channel, command.request
    day = day_of(scope.venue, key.date, key.slot)
    if day is None:
        return no_slot(scope.venue, key.date, key.slot)
    if request.on_conflict is not OnConflict.REJECT:
        return invalid(
            "onConflict", f"{request.on_conflict.value} is not possible yet, only reject"
        )
    draft = Draft(scope, now)
    units = _units(draft, day, request.section_ids)
    if isinstance(units, Rejection):
        return units
    return _check_conflict(draft, units) or _block(draft, command, units)


def _units(draft: Draft, day: Day, section_ids: list[str] | None) -> list[Unit] | Rejection:
    """What is to be blocked: tables by their seats; all that takes part where nothing is named."""
    if section_ids is None:
        return [
            unit
            for section_id, unit in draft.venue.units.items()
            if not unit.seats and (day.sections is None or section_id in day.sections)
        ]
    asked = look_up(draft.venue, day, section_ids, {})
    if isinstance(asked, Rejection):
        return asked
    return [draft.unit(section_id) for section_id in asked.claims]


def _check_conflict(draft: Draft, units: list[Unit]) -> Rejection | None:
    conflict: list[str] = []
    ends: list[str] = []
    for unit in units:
        section_id = unit.section.section_id
        if section_id not in draft.state.claims:
            continue
        make_room(draft, unit, unit.total, ahead=True)
        in_the_way = [c for c in draft.claims(section_id) if c.kind is not ClaimKind.BLOCK]
        if in_the_way:
            conflict.append(section_id)
            ends.extend(c.expires_at for c in in_the_way if c.expires_at is not None)
    if not conflict:
        return None
    return Rejection(
        code=Code.BLOCK_CONFLICT,
        detail=f"{len(conflict)} of the sections are taken; nothing was blocked.",
        facts={"conflictingSections": conflict},
        valid_until=min(ends, default=None),
    )


def _block(draft: Draft, command: BlockSections, units: list[Unit]) -> Decision:
    key, actor, now = command.channel, command.asker.actor, draft.now
    record = BlockRecord(
        id=command.block_id,
        club=key.club,
        venue=key.venue,
        date=key.date,
        slot=key.slot,
        customer_id=None,
        actor=actor,
        created_at=now,
        updated_at=now,
        revision=1,
        version=0,
        status=BlockStatus.ACTIVE,
        claims={unit.section.section_id: unit.total for unit in units},
        on_conflict=command.request.on_conflict,
        reason=command.request.reason,
    )
    cause = Cause(Reason.BLOCK_CREATED, actor)
    changes = (
        Change(section_id, None, _claim(record, quantity))
        for section_id, quantity in record.claims.items()
    )
    draft.step(cause, changes)
    record.version = draft.version
    draft.save(record, NoticeType.BLOCK_CREATED, cause)
    return draft.close(answer_of(record, now), created=True)


def _claim(record: BlockRecord, quantity: int) -> Claim:
    return Claim(
        claim_id=record.id,
        kind=ClaimKind.BLOCK,
        quantity=quantity,
        customer_id=None,
        actor=record.actor,
        since=record.created_at,
        expires_at=None,
        amount=None,
    )


def remove_block(scope: Scope, command: RemoveBlock, now: str) -> Decision | Rejection:
    """Again the same answer where it is removed already."""
    block = scope.channel.records.get(command.block_id) or command.record
    if not isinstance(block, BlockRecord):
        return Rejection(code=Code.BLOCK_NOT_FOUND, detail=f"There is no block {command.block_id}.")
    draft = Draft(scope, now)
    if block.status is BlockStatus.REMOVED:
        return draft.close(answer_of(block, now))
    cause = Cause(Reason.BLOCK_REMOVED, command.asker.actor)
    draft.step(cause, [Change(section_id, block.id, None) for section_id in block.claims])
    removed = msgspec.structs.replace(
        block,
        status=BlockStatus.REMOVED,
        updated_at=now,
        revision=block.revision + 1,
        version=draft.version,
    )
    draft.save(removed, NoticeType.BLOCK_REMOVED, cause)
    return draft.close(answer_of(removed, now))
