"""Rules of the machine: bookings, single ones and series, from request to end."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.unit.domain.build import CONTACT, MANAGER, STAFF, customer
from tests.unit.domain.machine.acting import (
    KIOSK,
    NAMES,
    Acting,
    askers,
    channels,
    few,
    has,
    many,
    parties,
    picks,
    sections,
    units,
)
from tests.unit.domain.machine.house import CHANNELS, FIRST, NEXT, SECTIONS, sold_at

from command_api.domain import commands as c
from command_api.domain.records import BookingRecord
from holdfast.contracts.bookings import (
    BookingChange,
    BookingRequest,
    RescheduleRequest,
    SeriesRequest,
)
from holdfast.contracts.channels import ChannelKey


class OnBookings(Acting):
    @rule(key=channels, by=askers, ids=sections, n=units, party=parties, pick=picks)
    def request(
        self, key: ChannelKey, by: c.Asker, ids: list[str], n: int, party: int | None, pick: int
    ) -> None:
        self.book(key, by, ids, self.for_whom(by, pick), many(ids, n), party_size=party)

    @rule(key=channels, who=st.sampled_from(NAMES), ids=few)
    def request_for_oneself(self, key: ChannelKey, who: str, ids: list[str]) -> None:
        self.book(key, customer(who), ids, who, {})

    def book(
        self,
        key: ChannelKey,
        by: c.Asker,
        ids: list[str],
        who: str | None,
        quantities: dict[str, int],
        **more: Any,
    ) -> str:
        booking_id = self.runner.new_id("b")
        self.run(
            c.RequestBooking(
                channel=key,
                asker=by,
                request=BookingRequest(
                    date=key.date,
                    slot_id=key.slot,
                    section_ids=ids,
                    quantities=quantities,
                    contact=CONTACT,
                    **more,
                ),
                customer_id=who,
                booking_id=booking_id,
                reference="R",
            )
        )
        return booking_id

    @rule(key=channels, who=st.sampled_from(NAMES), leave=st.sampled_from(SECTIONS[1:]))
    def fill(self, key: ChannelKey, who: str, leave: str) -> None:
        """Staff book all that is free but one section, for somebody: a house where people wait."""
        model = self.runner.model
        for leaf in SECTIONS[1:]:
            free = leaf != leave and sold_at(key, leaf) and model.left(key, leaf)
            if free:
                self.book(key, STAFF, [leaf], who, many([leaf], free))

    @has("booking")
    @rule(
        pick=picks,
        by=st.sampled_from([STAFF, MANAGER, KIOSK]),
        verb=st.sampled_from(["approve", "approve", "decline", "check-in", "complete", "no-show"]),
    )
    def move(self, pick: int, by: c.Asker, verb: Any) -> None:
        booking, _ = self.some("booking", pick, "pending_approval", "confirmed", "checked_in")
        self.run(
            c.MoveBooking(
                channel=self.at(booking),
                asker=by,
                booking_id=booking,
                verb=verb,
                reason=None,
                record=self.ended(booking),
            )
        )

    @has("booking")
    @rule(pick=picks, size=st.integers(1, 5), stale=st.booleans())
    def edit(self, pick: int, size: int, stale: bool) -> None:
        booking, by = self.some("booking", pick, "pending_approval", "confirmed")
        record = self.runner.world.record(booking)
        self.run(
            c.EditBooking(
                channel=self.at(booking),
                asker=by,
                booking_id=booking,
                change=BookingChange(party_size=size),
                revision=(record.revision if record else 0) + stale,
                record=self.ended(booking),
            ),
            stale=stale,
        )

    @has("booking")
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        booking, by = self.some("booking", pick, "pending_approval", "confirmed", "conflicted")
        self.cancel_plainly(booking, by)

    def cancel_plainly(self, booking: str, by: c.Asker) -> None:
        self.run(
            c.CancelBooking(
                channel=self.at(booking),
                asker=by,
                booking_id=booking,
                reason=None,
                record=self.ended(booking),
            )
        )

    @has("booking", "confirmed", "pending_approval")
    @rule(pick=picks, to=channels, ids=st.none() | sections, stay=st.booleans())
    def reschedule(self, pick: int, to: ChannelKey, ids: list[str] | None, stay: bool) -> None:
        booking, by = self.some("booking", pick, "pending_approval", "confirmed")
        self.reschedule_plainly(booking, by, self.at(booking) if stay and ids else to, ids)

    def reschedule_plainly(
        self, booking: str, by: c.Asker, to: ChannelKey, ids: list[str] | None
    ) -> None:
        self.run(
            c.RescheduleBooking(
                channel=self.at(booking),
                to=to,
                asker=by,
                booking_id=booking,
                request=RescheduleRequest(date=to.date, slot_id=to.slot, section_ids=ids),
                record=self.ended(booking),
            )
        )

    @rule(by=askers, ids=sections, all_=st.booleans(), pick=picks)
    def series(self, by: c.Asker, ids: list[str], all_: bool, pick: int) -> None:
        series = self.runner.new_id("ser")
        self.run(
            c.BookSeries(
                channel=CHANNELS[1],
                asker=by,
                request=SeriesRequest(
                    slot_id="late", section_ids=ids, contact=CONTACT, all_or_nothing=all_
                ),
                customer_id=self.for_whom(by, pick),
                series_id=series,
                dates=(FIRST, NEXT),
                bookings=((f"{series}b1", "R"), (f"{series}b2", "R")),
            )
        )

    @rule(pick=picks)
    def cancel_series(self, pick: int) -> None:
        records = self.runner.model.records
        all_ = sorted({r["series"] for r in records.values() if r.get("series")})
        if not all_:
            return
        series = all_[pick % len(all_)]
        found = self.of_series(series)
        owner = found[0].customer_id
        self.run(
            c.CancelSeries(
                channel=found[0].channel,
                asker=MANAGER if owner is None or pick % 4 == 0 else customer(owner),
                series_id=series,
                bookings=tuple((r.channel, r.id) for r in found if not self.ended(r.id)),
                ended=tuple(r for r in found if self.ended(r.id)),
                reason=None,
            )
        )

    def of_series(self, series: str) -> list[BookingRecord]:
        ids = [id_ for id_, r in self.runner.model.records.items() if r.get("series") == series]
        found = [self.runner.world.record(id_) for id_ in ids]
        return [record for record in found if isinstance(record, BookingRecord)]
