"""Picture: every section of a channel at one version, and its snapshots as JSON."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from holdfast.contracts.redact import public_capacity
from holdfast.contracts.snapshots import (
    Claim,
    PublicSection,
    SnapshotHead,
    StaffSection,
    StaffSnapshot,
)
from holdfast.contracts.states import PUBLIC_STATES, Audience, PublicState
from stream_gateway.frames import Transition
from stream_gateway.pane import SEGMENT, Pane

AFTER = b"]}"
"""What follows the last section."""


class UnknownSection(Exception):
    """An event names a section that the snapshot before it does not have."""


class Picture:
    """Starts from a snapshot; `apply` takes it from version to version."""

    def __init__(self, snapshot: StaffSnapshot) -> None:
        self.version = snapshot.version
        self.layout_version = snapshot.layout_version
        self.as_of = snapshot.as_of
        self._channel = snapshot.channel
        self._origin = snapshot
        self._sections = {section.section_id: section for section in snapshot.sections}
        ids = list(self._sections)
        self._segments = [ids[at : at + SEGMENT] for at in range(0, len(ids), SEGMENT)]
        self._segment_of = {id_: place // SEGMENT for place, id_ in enumerate(ids)}
        self._panes: dict[Audience, Pane] = {}
        snapshot.sections = []

    def __len__(self) -> int:
        """Sections."""
        return len(self._sections)

    def apply(self, change: Transition) -> None:
        """The next version; raises UnknownSection."""
        section = self._sections.get(change.section_id)
        if section is None:
            raise UnknownSection(change.section_id)
        if change.claims_removed or change.claims_added:
            section.claims = _claims(section.claims, change)
        section.state = change.new_state
        section.capacity = change.capacity
        section.held_until = change.held_until
        self.version = change.version
        self.as_of = change.updated_at
        for pane in self._panes.values():
            pane.changed(change.section_id, self._segment_of[change.section_id])

    def pane(self, audience: Audience) -> Pane:
        """The sections as this audience reads them."""
        pane = self._panes.get(audience)
        if pane is None:
            encode = _ENCODERS[audience]
            pane = self._panes[audience] = Pane(self._sections, self._segments, encode)
        return pane

    def before(
        self,
        *,
        cursor: str,
        epoch: str,
        server_time: str,
        reason: str | None = None,
        partial: bool = False,
    ) -> bytes:
        """A `StaffSnapshot` or `PublicSnapshot` on one line, up to its first section; `AFTER` ends
        it."""
        origin = self._origin
        head = msgspec.json.encode(
            SnapshotHead(
                channel=origin.channel,
                club_id=origin.club_id,
                venue_id=origin.venue_id,
                date=origin.date,
                slot_id=origin.slot_id,
                epoch=epoch,
                version=self.version,
                cursor=cursor,
                as_of=self.as_of,
                server_time=server_time,
                timezone=origin.timezone,
                starts_at=origin.starts_at,
                ends_at=origin.ends_at,
                layout_version=self.layout_version,
                partial=True if partial else UNSET,
                reason=UNSET if reason is None else reason,
            )
        )
        return b'%b,"sections":[' % head[:-1]


def _claims(claims: list[Claim], change: Transition) -> list[Claim]:
    gone = {*change.claims_removed, *(claim.claim_id for claim in change.claims_added)}
    left = [claim for claim in claims if claim.claim_id not in gone]
    return sorted([*left, *change.claims_added], key=lambda claim: claim.claim_id)


def _public(section: StaffSection) -> bytes:
    state = PUBLIC_STATES[section.state]
    return msgspec.json.encode(
        PublicSection(
            section_id=section.section_id,
            state=state,
            capacity=public_capacity(section.capacity),
            held_until=section.held_until if state is PublicState.HELD else None,
        )
    )


_ENCODERS: dict[Audience, Callable[[StaffSection], bytes]] = {
    Audience.PUBLIC: _public,
    Audience.STAFF: msgspec.json.encode,
}
