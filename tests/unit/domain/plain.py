"""The rules of state told a second time, as plainly as can be: what a reader of the stream keeps, and
what the sections of a channel should look like given nothing but their claims."""

from __future__ import annotations

from typing import Any

from command_api.domain.model import Venue
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.snapshots import Claim, StaffSection

STRENGTH = ["hold", "pending", "confirmed", "block"]
STATES = ["held", "pending_approval", "confirmed", "blocked"]


class Reader:
    """Somebody who had the snapshot of version 0, and every event since."""

    def __init__(self, sections: dict[str, StaffSection]) -> None:
        self.version = 0
        self.sections: dict[str, dict[str, Any]] = {
            section_id: {
                "state": section.state,
                "capacity": section.capacity,
                "held_until": section.held_until,
                "claims": {claim.claim_id: claim for claim in section.claims},
            }
            for section_id, section in sections.items()
        }

    def read(self, event: AvailabilityUpdated) -> None:
        assert event.version == self.version + 1, "versions have no holes"
        section = self.sections[event.section_id]
        assert event.previous_state == section["state"]
        claims: dict[str, Claim] = section["claims"]
        for claim_id in event.claims_removed:
            del claims[claim_id]
        for claim in event.claims_added:
            assert claim.claim_id not in claims
            claims[claim.claim_id] = claim
        section["state"] = event.new_state
        section["capacity"] = event.capacity
        section["held_until"] = event.held_until
        self.version = event.version

    def agrees_with(self, section: StaffSection) -> bool:
        mine = self.sections[section.section_id]
        return (
            mine["state"] == section.state
            and mine["capacity"] == section.capacity
            and mine["held_until"] == section.held_until
            and [mine["claims"][claim_id] for claim_id in sorted(mine["claims"])] == section.claims
        )


def should_be(
    venue: Venue, claims: dict[str, list[Claim]], section_id: str
) -> tuple[str, int, str | None]:
    """(state, available, heldUntil) of a section."""
    seats = [s.section_id for s in venue.definition.sections if s.parent_id == section_id]
    if seats:
        available = sum(1 for seat in seats if not claims.get(seat))
        here = [claim for seat in seats for claim in claims.get(seat, [])]
    else:
        section = next(s for s in venue.definition.sections if s.section_id == section_id)
        here = claims.get(section_id, [])
        available = max(0, section.capacity - sum(claim.quantity for claim in here))
    if available:
        return "available", available, None
    strongest = max(STRENGTH.index(claim.kind) for claim in here)
    ends = [claim.expires_at for claim in here if claim.expires_at is not None]
    return STATES[strongest], 0, min(ends) if STATES[strongest] == "held" else None
