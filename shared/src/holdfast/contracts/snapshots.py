"""Snapshots: every section of a channel at one version."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from holdfast.contracts.ids import Timestamp
from holdfast.contracts.states import ActorType, ClaimKind, PublicState, SectionState
from holdfast.contracts.wire import Wire


class Capacity(msgspec.Struct, kw_only=True, rename="camel", frozen=True, omit_defaults=True):
    """`available` is what is left, never negative; a table with seats counts its seats.
    `overCommitted`, to staff only and only where it is not 0: units taken beyond `total`, after the
    section was made smaller."""

    total: int
    available: int
    over_committed: int = 0


class Actor(msgspec.Struct, kw_only=True, rename="camel", frozen=True):
    """Who did it. `name` only for staff, from their token; never a customer's."""

    type: ActorType
    id: str | None = None
    name: str | None = None


class Claim(msgspec.Struct, kw_only=True, rename="camel", frozen=True):
    """One claim on one section, as staff see it. Within a section, `claimId` is unique; it is the
    id of the record behind the claim (hold, booking or block). `channel` names the record's own
    channel where it is another one, whose slot overlaps this one's."""

    claim_id: str
    kind: ClaimKind
    quantity: int
    customer_id: str | None
    actor: Actor
    since: Timestamp
    expires_at: Timestamp | None
    amount: int | None
    channel: str | UnsetType = UNSET


class PublicSection(Wire, kw_only=True):
    section_id: str
    state: PublicState
    capacity: Capacity
    held_until: Timestamp | None


class StaffSection(Wire, kw_only=True):
    section_id: str
    state: SectionState
    capacity: Capacity
    held_until: Timestamp | None
    claims: list[Claim]
    """In order of `claimId`."""


class SnapshotHead(Wire, kw_only=True):
    """What public and staff snapshots share. `cursor` is null only where no stream position is
    known yet; resume by `after={version}&epoch={epoch}` then. `partial` snapshots list only the
    sections that changed; `reason` says why one came unasked (`slow_consumer`)."""

    channel: str
    club_id: str
    venue_id: str
    date: str
    slot_id: str
    epoch: str
    version: int
    cursor: str | None
    as_of: Timestamp
    server_time: Timestamp
    timezone: str
    starts_at: Timestamp
    ends_at: Timestamp
    layout_version: int
    partial: bool | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class PublicSnapshot(SnapshotHead, kw_only=True):
    sections: list[PublicSection]


class StaffSnapshot(SnapshotHead, kw_only=True):
    sections: list[StaffSection]


class SnapshotRecord(Wire, kw_only=True):
    """Value in the `SNAPSHOTS` bucket and reply of `holdfast.v1.snapshot`: the staff form at a
    version. `publishedVersion` is the channel's version published last, `seq` the stream sequence of
    its message in `LIVE` (0: no message of this channel is known to be in the stream). An entry of
    the bucket is at that version; a reply may be ahead of it."""

    seq: int
    published_version: int
    public_read: bool
    snapshot: StaffSnapshot

    @property
    def is_published(self) -> bool:
        """Whether the snapshot's own version is, or was, in the stream; then `seq` is its."""
        return self.published_version >= self.snapshot.version


def snapshot_etag(epoch: str, version: int, layout_version: int, audience: str) -> str:
    """`W/"{epoch}-{version}-{layoutVersion}-{p|s}"`."""
    return f'W/"{epoch}-{version}-{layout_version}-{audience[0]}"'
