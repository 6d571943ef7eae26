"""What command-api would have in Postgres of one channel: the truth that clients are compared with."""

from __future__ import annotations

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated, LayoutUpdated
from holdfast.contracts.ids import timestamp
from holdfast.contracts.snapshots import (
    Actor,
    Capacity,
    Claim,
    StaffSection,
)
from holdfast.contracts.states import ActorType, ClaimKind, Reason, SectionState

STATES = {
    SectionState.AVAILABLE: (SectionState.HELD, Reason.HOLD_CREATED),
    SectionState.HELD: (SectionState.CONFIRMED, Reason.BOOKING_CONFIRMED),
    SectionState.CONFIRMED: (SectionState.BLOCKED, Reason.BLOCK_CREATED),
    SectionState.BLOCKED: (SectionState.AVAILABLE, Reason.BLOCK_REMOVED),
}
"""A section goes round: what comes next, and why."""


class Truth:
    """One channel as command-api would have it in Postgres."""

    def __init__(self, key: ChannelKey, sections: int) -> None:
        self.key = key
        self.version = 0
        self.seq = 0
        """Of the last published message; 0 where none is in the stream."""
        self.published = 0
        self.layout_version = 1
        self.as_of = timestamp(0)
        self.sections = {f"sec_{n}": _section(f"sec_{n}") for n in range(sections)}

    def step(self, section_id: str, at_ms: int) -> AvailabilityUpdated:
        """The next transition of a section."""
        section = self.sections[section_id]
        old = section.state
        section.state, reason = STATES[old]
        removed = [claim.claim_id for claim in section.claims]
        self.version += 1
        actor = Actor(type=ActorType.CUSTOMER, id="cus_secret", name=None)
        free = section.state is SectionState.AVAILABLE
        held = section.state is SectionState.HELD
        until = timestamp(at_ms + 300_000) if held else None
        record = f"rec_secret_{self.version}"
        added = []
        if not free:
            kind = {"held": ClaimKind.HOLD, "confirmed": ClaimKind.CONFIRMED}
            added = [
                Claim(
                    claim_id=record,
                    kind=kind.get(section.state.value, ClaimKind.BLOCK),
                    quantity=1,
                    customer_id="cus_secret",
                    actor=actor,
                    since=timestamp(at_ms),
                    expires_at=until,
                    amount=4200,
                )
            ]
        section.claims = added
        section.capacity = Capacity(total=1, available=int(free))
        section.held_until = until
        self.as_of = timestamp(at_ms)
        return AvailabilityUpdated(
            channel=self.key.name,
            club_id=self.key.club,
            venue_id=self.key.venue,
            date=self.key.date,
            slot_id=self.key.slot,
            section_id=section_id,
            previous_state=old,
            new_state=section.state,
            reason=reason,
            capacity=section.capacity,
            held_until=until,
            updated_at=self.as_of,
            version=self.version,
            actor=actor,
            hold_id=record if held else None,
            booking_id=record if section.state is SectionState.CONFIRMED else None,
            claims_added=added,
            claims_removed=removed,
        )

    def redraw(self, sections: int) -> LayoutUpdated:
        """Another layout, of so many sections."""
        self.version += 1
        self.layout_version += 1
        for number in range(sections):
            self.sections.setdefault(f"sec_{number}", _section(f"sec_{number}"))
        return LayoutUpdated(
            channel=self.key.name, layout_version=self.layout_version, version=self.version
        )


def _section(section_id: str) -> StaffSection:
    return StaffSection(
        section_id=section_id,
        state=SectionState.AVAILABLE,
        capacity=Capacity(total=1, available=1),
        held_until=None,
        claims=[],
    )
