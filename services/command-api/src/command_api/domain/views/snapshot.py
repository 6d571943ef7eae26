"""Snapshots: every section of a channel at its version, in layout order."""

from __future__ import annotations

from command_api.domain.draft.claims import section_view, table_view
from command_api.domain.draft.crowd import Crowd
from command_api.domain.model import ChannelState, Day, Unit, Venue
from command_api.domain.venue.days import day_of
from holdfast.contracts.snapshots import Capacity, StaffSection, StaffSnapshot
from holdfast.contracts.states import SectionState

_ONE_FREE = Capacity(total=1, available=1)


class NoSuchSlot(LookupError):
    """There is no such slot, or it does not run on that date."""


def staff_snapshot(
    venue: Venue, state: ChannelState, *, epoch: str, cursor: str | None, server_time: str
) -> StaffSnapshot:
    """The full form; `contracts.redact` makes the public one. Sections that take no part in the
    slot are left out. Raises NoSuchSlot."""
    key = state.key
    day = day_of(venue, key.date, key.slot)
    if day is None:
        raise NoSuchSlot(key.name)
    return StaffSnapshot(
        channel=key.name,
        club_id=key.club,
        venue_id=key.venue,
        date=key.date,
        slot_id=key.slot,
        epoch=epoch,
        version=state.version,
        cursor=cursor,
        as_of=state.updated_at or venue.updated_at,
        server_time=server_time,
        timezone=venue.definition.timezone,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        layout_version=venue.layout_version,
        sections=_sections(venue, state, day),
    )


def _sections(venue: Venue, state: ChannelState, day: Day) -> list[StaffSection]:
    members, crowd = day.sections, Crowd(venue, state.key)
    return [
        section_of(state, section_id, unit, crowd)
        for section_id, unit in venue.units.items()
        if members is None or section_id in members
    ]


def section_of(
    state: ChannelState, section_id: str, unit: Unit, crowd: Crowd | None = None
) -> StaffSection:
    """One section as it is now. `crowd` is the channel's; without one, claims of overlapping slots count
    as if all of them met."""
    if unit.seats:
        view = table_view(map(state.claims.get, unit.seats))
        return StaffSection(
            section_id=section_id,
            state=view.state,
            capacity=Capacity(total=unit.total, available=view.available),
            held_until=view.held_until,
            claims=[],
        )
    claims = state.claims.get(section_id)
    if not claims:
        free = _ONE_FREE if unit.total == 1 else Capacity(total=unit.total, available=unit.total)
        return StaffSection(
            section_id=section_id,
            state=SectionState.AVAILABLE,
            capacity=free,
            held_until=None,
            claims=[],
        )
    view = section_view(unit, claims, crowd)
    return StaffSection(
        section_id=section_id,
        state=view.state,
        capacity=Capacity(total=unit.total, available=view.available, over_committed=view.over),
        held_until=view.held_until,
        claims=[claims[claim_id] for claim_id in sorted(claims)],
    )
