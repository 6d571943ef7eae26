"""Blocks that wait: they take a section once its last claim has left, in the same outcome.

    section   held ──────────────▶ available ▶ blocked
    block     waiting ───────────────────────▶ has it

Nobody gets in between: the draft sees to it at the end of the step in which the claim leaves, before what
is free is offered to anybody. Claims of overlapping slots count as well. In the channels of overlapping
slots the block lies as soon as nobody has the section there, so that nobody can come to keep it waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from command_api.domain.draft.mirrors import mirror, spans_of
from command_api.domain.draft.step import Cause, Change
from command_api.domain.records import BlockRecord
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import BlockStatus, ClaimKind, Reason

if TYPE_CHECKING:
    from command_api.domain.draft.draft import Draft


def block_claim(block: BlockRecord, quantity: int, since: str) -> Claim:
    """What a block lays on a section: all of its units."""
    return Claim(
        claim_id=block.id,
        kind=ClaimKind.BLOCK,
        quantity=quantity,
        customer_id=None,
        actor=block.actor,
        since=since,
        expires_at=None,
        amount=None,
    )


def is_claimed(draft: Draft, section_id: str) -> bool:
    """Whether anything but blocks takes the section."""
    return any(claim.kind is not ClaimKind.BLOCK for claim in draft.claims(section_id))


def is_awaited(draft: Draft, section_id: str) -> bool:
    """Whether a block waits for the section, which then lets nobody in, also where it has been made
    larger meanwhile."""
    return any(section_id in block.waiting for block in _blocks(draft))


def take_over(draft: Draft, section_ids: Iterable[str]) -> None:
    """Have the blocks of this channel take those of these sections that nobody has any more. Of the others
    a claim has left, and may have left an overlapping slot to the block."""
    section_ids = list(section_ids)
    free = {section_id for section_id in section_ids if not is_claimed(draft, section_id)}
    for block in _blocks(draft):
        waiting = set(block.waiting)
        due = [section_id for section_id in section_ids if section_id in waiting]
        taken = [section_id for section_id in due if section_id in free]
        kept = [section_id for section_id in due if section_id not in free]
        standing = _take(draft, block, taken) if taken else block
        if kept:
            _keep_waiting(draft, standing, kept)


def _blocks(draft: Draft) -> list[BlockRecord]:
    """Those that wait, as the draft has them."""
    records = [draft.record(block_id) for block_id in draft.state.waiting]
    return [
        record
        for record in records
        if isinstance(record, BlockRecord) and record.status is BlockStatus.ACTIVE
    ]


def _take(draft: Draft, block: BlockRecord, section_ids: list[str]) -> BlockRecord:
    taken = {section_id: draft.unit(section_id).total for section_id in section_ids}
    cause = Cause(Reason.BLOCK_CREATED, block.actor)
    draft.step(
        cause,
        [
            Change(section_id, None, block_claim(block, quantity, draft.now))
            for section_id, quantity in taken.items()
        ],
    )
    standing = msgspec.structs.replace(
        block,
        claims=block.claims | taken,
        waiting=[section_id for section_id in block.waiting if section_id not in taken],
        updated_at=draft.now,
        revision=block.revision + 1,
        version=draft.version,
    )
    draft.save(standing, None, cause)
    return standing


def _keep_waiting(draft: Draft, block: BlockRecord, section_ids: list[str]) -> None:
    cause, before = Cause(Reason.BLOCK_CREATED, block.actor), set(spans_of(draft, block.id))
    wait(draft, block, cause, section_ids)
    if spans_of(draft, block.id) != before:
        still = msgspec.structs.replace(
            block, updated_at=draft.now, revision=block.revision + 1, version=draft.version
        )
        draft.save(still, None, cause)


def wait(draft: Draft, block: BlockRecord, cause: Cause, section_ids: Iterable[str]) -> None:
    """The block waits for these: in overlapping slots it takes what nobody has there."""
    section_ids = list(section_ids)
    for key in draft.overlaps:
        there = draft.at(key)
        changes = [
            Change(section_id, None, block_claim(block, draft.unit(section_id).total, draft.now))
            for section_id in section_ids
            if not is_claimed(there, section_id)
        ]
        mirror(draft, cause, changes, key)


def wait_no_more(draft: Draft, block: BlockRecord, cause: Cause) -> None:
    """The block goes: what it has in overlapping slots only is free again there."""
    changes = [Change(section_id, block.id, None) for section_id in block.waiting]
    for key in sorted(spans_of(draft, block.id)):
        mirror(draft, cause, changes, key)
