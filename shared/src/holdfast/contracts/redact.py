"""The public forms: states mapped, who, why and which left out. Redact, never drop."""

from __future__ import annotations

from holdfast.contracts.events import AvailabilityUpdated, PublicAvailabilityUpdated
from holdfast.contracts.snapshots import (
    Capacity,
    PublicSection,
    PublicSnapshot,
    StaffSection,
    StaffSnapshot,
)
from holdfast.contracts.states import PUBLIC_STATES, SectionState


def public_event(event: AvailabilityUpdated) -> PublicAvailabilityUpdated:
    """The event as everybody may see it: one public event for each, so versions stay dense."""
    return PublicAvailabilityUpdated(
        channel=event.channel,
        club_id=event.club_id,
        venue_id=event.venue_id,
        date=event.date,
        slot_id=event.slot_id,
        section_id=event.section_id,
        previous_state=PUBLIC_STATES[event.previous_state],
        new_state=PUBLIC_STATES[event.new_state],
        capacity=public_capacity(event.capacity),
        held_until=event.held_until if event.new_state is SectionState.HELD else None,
        updated_at=event.updated_at,
        version=event.version,
    )


def public_section(section: StaffSection) -> PublicSection:
    """The section without its claims."""
    return PublicSection(
        section_id=section.section_id,
        state=PUBLIC_STATES[section.state],
        capacity=public_capacity(section.capacity),
        held_until=section.held_until if section.state is SectionState.HELD else None,
    )


def public_snapshot(snapshot: StaffSnapshot) -> PublicSnapshot:
    """The snapshot without claims."""
    return PublicSnapshot(
        channel=snapshot.channel,
        club_id=snapshot.club_id,
        venue_id=snapshot.venue_id,
        date=snapshot.date,
        slot_id=snapshot.slot_id,
        epoch=snapshot.epoch,
        version=snapshot.version,
        cursor=snapshot.cursor,
        as_of=snapshot.as_of,
        server_time=snapshot.server_time,
        timezone=snapshot.timezone,
        starts_at=snapshot.starts_at,
        ends_at=snapshot.ends_at,
        layout_version=snapshot.layout_version,
        sections=[public_section(section) for section in snapshot.sections],
    )


def public_capacity(capacity: Capacity) -> Capacity:
    """Without what is taken beyond it, which only staff see."""
    if not capacity.over_committed:
        return capacity
    return Capacity(total=capacity.total, available=capacity.available)
