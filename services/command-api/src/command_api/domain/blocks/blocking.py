"""Blocks: sections taken out of sale by staff, and given back.

What stands in the way of a block (`onConflict`) denies it (`reject`), loses all it has (`displace`, see
`giving_way`), or stays until it goes by itself (`after_release`, see `waiting`). Sections with room for
many are blocked at once then: nobody new gets in, and who is in stays. A closed night can be blocked, one
that is over cannot.
"""

from __future__ import annotations

import msgspec

from command_api.domain.blocks.giving_way import GaveWay, give_way
from command_api.domain.blocks.waiting import block_claim, is_claimed, wait, wait_no_more
from command_api.domain.commands import BlockSections, RemoveBlock
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.asked import look_up
from command_api.domain.holds.expiry import expire_due
from command_api.domain.model import Day, Scope, Unit
from command_api.domain.records import BlockRecord
from command_api.domain.venue.days import day_of, no_slot
from command_api.domain.views.answers import answer_of
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BlockStatus, ClaimKind, OnConflict, Reason


def block_sections(scope: Scope, command: BlockSections, now: str) -> Decision | Rejection:
    """Each block is a claim of its own for all of a section, so blocks may overlap: a section is
    back on sale when the last is removed."""
    key, request = command.channel, command.request
    day = day_of(scope.venue, key.date, key.slot)
    if day is None:
        return no_slot(scope.venue, key.date, key.slot)
    draft = Draft(scope, now)
    units = _units(draft, day, request.section_ids)
    if isinstance(units, Rejection):
        return units
    if draft.now >= day.ends_at:
        detail = f"Slot {key.slot} ended at {day.ends_at}."
        return Rejection(code=Code.SLOT_CLOSED, detail=detail, valid_from=day.ends_at)
    draft.relies_on_future(day.ends_at)
    claimed = _claimed(draft, units)
    gone, waiting = GaveWay(), list[str]()
    if claimed and request.on_conflict is OnConflict.REJECT:
        return _conflict(draft, claimed)
    if claimed and request.on_conflict is OnConflict.DISPLACE:
        cleared = give_way(draft, command, claimed)
        if isinstance(cleared, Rejection):
            return cleared
        gone = cleared
    elif claimed:
        waiting = [section_id for section_id in claimed if draft.unit(section_id).total == 1]
    return _block(draft, command, units, waiting, gone)


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


def _claimed(draft: Draft, units: list[Unit]) -> list[str]:
    """Sections with claims in the way, once what is due there has gone."""
    claimed = []
    for unit in units:
        section_id = unit.section.section_id
        if section_id in draft.state.claims:
            expire_due(draft, unit, unit.total)
            if is_claimed(draft, section_id):
                claimed.append(section_id)
    return claimed


def _conflict(draft: Draft, section_ids: list[str]) -> Rejection:
    """The answer stands until the first claim in the way ends."""
    ends = [
        claim.expires_at
        for section_id in section_ids
        for claim in draft.claims(section_id)
        if claim.kind is not ClaimKind.BLOCK and claim.expires_at is not None
    ]
    return Rejection(
        code=Code.BLOCK_CONFLICT,
        detail=f"{len(section_ids)} of the sections are taken; nothing was blocked.",
        facts={"conflictingSections": section_ids},
        valid_until=min(ends, default=None),
    )


def _block(
    draft: Draft, command: BlockSections, units: list[Unit], waiting: list[str], gone: GaveWay
) -> Decision:
    key, actor, now = command.channel, command.asker.actor, draft.now
    later = set(waiting)
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
        claims={
            unit.section.section_id: unit.total
            for unit in units
            if unit.section.section_id not in later
        },
        on_conflict=command.request.on_conflict,
        reason=command.request.reason,
        waiting=waiting,
        displaced=gone.bookings,
        released=gone.holds,
        conflicts=gone.conflicts,
    )
    cause = Cause(Reason.BLOCK_CREATED, actor)
    draft.step(
        cause,
        (
            Change(section_id, None, block_claim(record, quantity, now))
            for section_id, quantity in record.claims.items()
        ),
    )
    if waiting:
        wait(draft, record, cause, waiting)
    record.version = draft.version
    draft.save(record, NoticeType.BLOCK_CREATED, cause)
    return draft.close(answer_of(record, now), created=True)


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
    if block.waiting:
        wait_no_more(draft, block, cause)
    removed = msgspec.structs.replace(
        block,
        status=BlockStatus.REMOVED,
        updated_at=draft.now,
        revision=block.revision + 1,
        version=draft.version,
    )
    draft.save(removed, NoticeType.BLOCK_REMOVED, cause)
    return draft.close(answer_of(removed, draft.now))
