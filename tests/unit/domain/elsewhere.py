"""A floor of several nights: bookings made anywhere, moved, and everything about claims checked."""

from __future__ import annotations

import itertools
from typing import Any

from tests.unit.domain.build import CONTACT, DATE, Floor, accepted, customer

from command_api.domain.commands import Asker, CancelBooking, RequestBooking, RescheduleBooking
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.overlaps import overlapping, takes_part
from command_api.domain.records import BlockRecord, BookingRecord, HoldRecord
from holdfast.contracts.bookings import Booking, BookingRequest, RescheduleRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.venues import Slot

NEXT_DATE = "2026-02-22"
SLOTS = [
    Slot(slot_id="late", start="21:00", end="27:00"),
    Slot(slot_id="early", start="18:30", end="20:30", prices={"s3": 300}),
    Slot(slot_id="dinner", start="20:00", end="22:00"),
]
"""`dinner` overlaps both others."""
LATE = ChannelKey("backroom", "leeds", DATE, "late")
EARLY = ChannelKey("backroom", "leeds", DATE, "early")
DINNER = ChannelKey("backroom", "leeds", DATE, "dinner")
NEXT = ChannelKey("backroom", "leeds", NEXT_DATE, "late")


class Nights(Floor):
    """`book` and `reschedule` in any channel."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"slots": SLOTS, **more})
        self._ids = itertools.count(1)

    def try_book(
        self,
        *sections: str,
        at: ChannelKey = LATE,
        by: Asker | None = None,
        customer_id: str | None = None,
        **more: Any,
    ) -> Decision | Rejection:
        asker, number = by or customer(), next(self._ids)
        request = BookingRequest(
            **{
                "date": at.date,
                "slot_id": at.slot,
                "section_ids": list(sections),
                "contact": CONTACT,
                **more,
            }
        )
        return self.run(
            RequestBooking(
                channel=at,
                asker=asker,
                request=request,
                customer_id=customer_id or asker.customer_id,
                booking_id=f"bkg{number}",
                reference=f"R{number}",
            )
        )

    def book(self, *sections: str, **more: Any) -> Booking:
        answer = accepted(self.try_book(*sections, **more)).answer
        assert isinstance(answer, Booking)
        return answer

    def try_move(
        self,
        booking_id: str,
        to: ChannelKey,
        *sections: str,
        by: Asker | None = None,
        **more: Any,
    ) -> Decision | Rejection:
        record = self.booking(booking_id)
        ended = self.ended.get(booking_id)
        request = RescheduleRequest(
            date=to.date, slot_id=to.slot, section_ids=list(sections) or None, **more
        )
        return self.run(
            RescheduleBooking(
                channel=record.channel,
                to=to,
                asker=by or customer(),
                booking_id=booking_id,
                request=request,
                record=ended if isinstance(ended, BookingRecord) else None,
            )
        )

    def move(self, booking_id: str, to: ChannelKey, *sections: str, **more: Any) -> Booking:
        answer = accepted(self.try_move(booking_id, to, *sections, **more)).answer
        assert isinstance(answer, Booking)
        return answer

    def end(self, booking_id: str, by: Asker | None = None) -> Decision | Rejection:
        """Cancel it, wherever it is."""
        return self.run(
            CancelBooking(
                channel=self.booking(booking_id).channel,
                asker=by or customer(),
                booking_id=booking_id,
                reason=None,
                record=None,
            )
        )

    def booking(self, booking_id: str) -> BookingRecord:
        """The booking, wherever it is; there is one."""
        found = [
            state.records[booking_id]
            for state in self.channels.values()
            if booking_id in state.records
        ]
        if not found:
            found = [self.ended[booking_id]]
        (record,) = found
        assert isinstance(record, BookingRecord)
        return record

    def taken(self, key: ChannelKey) -> set[str]:
        return set(self.channels.get(key).claims)

    def check(self) -> None:
        """In every channel lies what the records of it and of those that overlap it say, no more. (But
        for blocks that wait: they may lie in overlapping slots already.)"""
        wanted: dict[ChannelKey, dict[tuple[str, str], int]] = {key: {} for key in self.channels}
        waiting: set[tuple[str, str]] = set()
        for home, state in list(self.channels.items()):
            for record in state.records.values():
                assert record.channel == home
                if not isinstance(record, HoldRecord | BookingRecord | BlockRecord):
                    continue
                if isinstance(record, BlockRecord):
                    waiting.update((section_id, record.id) for section_id in record.waiting)
                for section_id, quantity in record.claims.items():
                    wanted[home][section_id, record.id] = quantity
                    for key in overlapping(self.venue, home):
                        if takes_part(self.venue, key, section_id):
                            assert key.name in record.spans
                            wanted[key][section_id, record.id] = quantity
        for key, state in self.channels.items():
            found = {
                (section_id, claim.claim_id): claim.quantity
                for section_id, here in state.claims.items()
                for claim in here.values()
                if (section_id, claim.claim_id) not in waiting
            }
            assert found == wanted[key], key
