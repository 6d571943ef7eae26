"""Mirrors: a claim in a slot that overlaps others lies in their channels too, and names its own.

Where a record's claims may lie is what its slot overlaps now, and what it was laid in before: a slot may
have been moved since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from command_api.domain.draft.overlaps import takes_part
from command_api.domain.draft.step import Cause, Change
from command_api.domain.records import BlockRecord, BookingRecord, HoldRecord
from holdfast.contracts.channels import ChannelKey, parse_channel

if TYPE_CHECKING:
    from command_api.domain.draft.draft import Draft

CLAIMANTS = (HoldRecord, BookingRecord, BlockRecord)
"""Records that claims are of."""


def reach(draft: Draft, changes: Sequence[Change]) -> Sequence[ChannelKey]:
    """The other channels that the changes go to, in order of their keys. Nearly always none: one
    record, in a slot that overlaps no other."""
    spans = set(draft.overlaps)
    for record_id in {change.removed for change in changes if change.removed is not None}:
        spans.update(spans_of(draft, record_id))
    return sorted(spans) if spans else ()


def spans_of(draft: Draft, record_id: str) -> set[ChannelKey]:
    """Other channels that the record's claims may lie in."""
    record = draft.record(record_id)
    found = set(draft.spans.get(record_id, ())) if draft.spans else set[ChannelKey]()
    if isinstance(record, CLAIMANTS):
        for name in record.spans:
            key = parse_channel(name)
            assert isinstance(key, ChannelKey)
            found.add(key)
    return found


def mirror(draft: Draft, cause: Cause, changes: Iterable[Change], key: ChannelKey) -> None:
    """A step in one channel of an overlapping slot alone; a claim that is there stays."""
    there = draft.at(key)
    overlaps = key in draft.overlaps
    mirrored: list[Change] = []
    for section_id, removed, added in changes:
        gone = removed if removed is not None and there.claim(section_id, removed) else None
        come = None
        if (
            added is not None
            and overlaps
            and takes_part(draft.venue, key, section_id)
            and (gone is not None or there.claim(section_id, added.claim_id) is None)
        ):
            come = msgspec.structs.replace(added, channel=draft.channel)
            draft.spans.setdefault(added.claim_id, set()).add(key)
        if gone is not None or come is not None:
            mirrored.append(Change(section_id, gone, come))
    there.lay(cause, mirrored)
