"""Claims of one record go from where they are to other sections, another channel, or both, at once.

A section that the record has before and after has one event, not two: nobody sees it free in between,
also where the two slots overlap and the record's claim lies in both channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from command_api.domain.draft.draft import Draft
from command_api.domain.draft.overlaps import takes_part
from command_api.domain.draft.step import Cause, Change
from command_api.domain.model import Scope
from command_api.domain.records import BlockRecord, BookingRecord, HoldRecord
from holdfast.contracts.channels import ChannelKey, parse_channel
from holdfast.contracts.snapshots import Claim

Claimant: TypeAlias = HoldRecord | BookingRecord | BlockRecord


def transfer(
    old: Draft, new: Draft, cause: Cause, record: Claimant, claims: Mapping[str, Claim]
) -> list[str]:
    """Takes away what `record`, of the channel of `old`, has, and puts `claims` (by section) in `new`
    and in the channels that overlap it; answers the names of these: the `spans` of the record then."""
    mirrors = _lay(old, new, cause, record, claims)
    new.settle()
    return sorted(key.name for key in mirrors)


def as_if_without(scope: Scope, now: str, cause: Cause, record: Claimant) -> Draft:
    """A draft to look at, not to write: of the record's channel, as if it had no claims. Where slots
    overlap, what it has lies in other channels too, and there is more in the way than itself: so what is
    free for it can only be seen with all of it taken away. What it leaves goes to nobody here."""
    draft = Draft(scope, now)
    _lay(draft, draft, cause, record, {})
    draft.forget_freed()
    return draft


def _lay(
    old: Draft, new: Draft, cause: Cause, record: Claimant, claims: Mapping[str, Claim]
) -> set[ChannelKey]:
    """Answers the channels that the claims are mirrored to."""
    mirrors = {
        key
        for key in new.overlaps
        if any(takes_part(new.venue, key, section_id) for section_id in claims)
    }
    keys = sorted({old.state.key, new.state.key, *old.overlaps, *mirrors, *_spans(record)})
    new.scope.at(*keys)  # all that is missing is named at once
    for key in keys:
        there = new.at(key)
        changes = []
        for section_id in {**record.claims, **claims}:
            before = there.claim(section_id, record.id)
            after = _claim_at(new, key, section_id, claims.get(section_id))
            if before != after:
                removed = None if before is None else record.id
                changes.append(Change(section_id, removed, after))
        there.lay(cause, changes)
    return mirrors


def _claim_at(new: Draft, key: ChannelKey, section_id: str, claim: Claim | None) -> Claim | None:
    """The claim as it lies in that channel, if it does."""
    if claim is None or key == new.state.key:
        return claim
    if key in new.overlaps and takes_part(new.venue, key, section_id):
        return msgspec.structs.replace(claim, channel=new.channel)
    return None


def _spans(record: Claimant) -> list[ChannelKey]:
    """Other channels that its claims lie in now."""
    keys = [parse_channel(name) for name in record.spans]
    return [key for key in keys if isinstance(key, ChannelKey)]
