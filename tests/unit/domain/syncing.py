"""A service that takes in bookings made elsewhere, and resolves what they collide with."""

from __future__ import annotations

from typing import Any

from tests.unit.domain.build import KEY, MANAGER, STAFF, Floor, accepted, customer

from command_api.domain.commands import Asker, ImportBooking, ResolveConflict
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import BookingRecord
from holdfast.contracts.bookings import ImportItem, ItemResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.conflicts import Conflict
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import (
    ActorType,
    BookingStatus,
)
from holdfast.contracts.venues import Policy

EARLY, LATE = "2026-02-01T12:00:00.000Z", "2026-02-15T17:59:59.000Z"
SERVICE = Asker(Actor(type=ActorType.SERVICE, id="sync"), None, True, True)


class Sync:
    """Imports into one floor, and what becomes of their conflicts."""

    def __init__(self, policy: Policy | None = None, **changes: Any) -> None:
        self.floor = Floor(policy, **changes)

    def try_add(
        self,
        external_id: str,
        *sections: str,
        at: str = EARLY,
        key: ChannelKey = KEY,
        **more: Any,
    ) -> Decision | Rejection:
        item = ImportItem(
            date=key.date,
            slot_id=key.slot,
            section_ids=list(sections),
            external_id=external_id,
            created_at=at,
            **more,
        )
        command = ImportBooking(
            channel=key,
            asker=SERVICE,
            item=item,
            booking_id=f"i-{external_id}",
            conflict_id=f"c-{external_id}",
            reference=f"REF-{external_id}",
            record=self.floor.ended.get(f"i-{external_id}"),  # type: ignore[arg-type]
        )
        return self.floor.run(command)

    def add(self, external_id: str, *sections: str, **more: Any) -> ItemResult:
        answer = accepted(self.try_add(external_id, *sections, **more)).answer
        assert isinstance(answer, ItemResult)
        return answer

    def try_resolve(self, conflict_id: str, winner_id: str | None = None) -> Decision | Rejection:
        command = ResolveConflict(
            channel=KEY,
            asker=MANAGER,
            conflict_id=conflict_id,
            winner_id=winner_id,
            record=self.floor.ended.get(conflict_id),  # type: ignore[arg-type]
        )
        return self.floor.run(command)

    def resolve(self, conflict_id: str, winner_id: str | None = None) -> Conflict:
        answer = accepted(self.try_resolve(conflict_id, winner_id)).answer
        assert isinstance(answer, Conflict)
        return answer

    def booked(self, *sections: str, by: str = "bob") -> str:
        hold = self.floor.hold(*sections, by=customer(by))
        return self.floor.confirm(hold.hold_id, by=STAFF).booking_id

    def booking(self, booking_id: str) -> BookingRecord:
        for state in self.floor.channels.values():
            if isinstance(record := state.records.get(booking_id), BookingRecord):
                return record
        record = self.floor.ended[booking_id]
        assert isinstance(record, BookingRecord)
        return record

    def status(self, booking_id: str) -> BookingStatus:
        return self.booking(booking_id).status

    def types(self) -> list[NoticeType]:
        """Of the last decision's notices."""
        return [notice.type for notice in self.floor.decisions[-1].notices]
