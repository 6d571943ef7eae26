"""Picture: every section of a channel at one version, and its snapshots as JSON.

Each section is encoded once per change and audience, so that a snapshot of ten thousand seats is a
join of ready bytes and not ten thousand encodings.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from holdfast.contracts.snapshots import (
    Claim,
    PublicSection,
    SnapshotHead,
    StaffSection,
    StaffSnapshot,
)
from holdfast.contracts.states import PUBLIC_STATES, Audience, PublicState
from stream_gateway.frames import Transition


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
        self._encoded: dict[Audience, dict[str, bytes]] = {}
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
        for audience, encoded in self._encoded.items():
            encoded[change.section_id] = _ENCODERS[audience](section)

    def encode(
        self, audience: Audience, *, cursor: str, epoch: str, server_time: str, reason: str | None
    ) -> bytes:
        """A `StaffSnapshot` or `PublicSnapshot` as JSON on one line, sections in layout order."""
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
                reason=UNSET if reason is None else reason,
            )
        )
        sections = b",".join(self._sections_as(audience).values())
        return b'%b,"sections":[%b]}' % (head[:-1], sections)

    def _sections_as(self, audience: Audience) -> dict[str, bytes]:
        encoded = self._encoded.get(audience)
        if encoded is None:
            encode = _ENCODERS[audience]
            encoded = {id_: encode(section) for id_, section in self._sections.items()}
            self._encoded[audience] = encoded
        return encoded


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
            capacity=section.capacity,
            held_until=section.held_until if state is PublicState.HELD else None,
        )
    )


_ENCODERS: dict[Audience, Callable[[StaffSection], bytes]] = {
    Audience.PUBLIC: _public,
    Audience.STAFF: msgspec.json.encode,
}
