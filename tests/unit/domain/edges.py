"""One place for edge cases: everything that can be done to a floor, in few words."""

from __future__ import annotations

from typing import Any

from tests.unit.domain.build import CONTACT, DATE, MANAGER, accepted, customer, venue
from tests.unit.domain.elsewhere import NEXT_DATE, Nights
from tests.unit.domain.life import Verb
from tests.unit.domain.waiting import Queue

from command_api.domain.commands import (
    Asker,
    BookSeries,
    CancelSeries,
    ChangeHold,
    ImportBooking,
    MoveBooking,
    RecordPayment,
    ResolveConflict,
)
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import BookingRecord, HoldRecord
from holdfast.contracts.bookings import Booking, ImportItem, ItemResult, SeriesRequest, SeriesResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.conflicts import Conflict
from holdfast.contracts.holds import HoldChange
from holdfast.contracts.payments import PaymentEvent, PaymentEventResult
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

BOB, CAT = customer("bob"), customer("cat")
LAST_DATE = "2026-03-01"


class Place(Nights, Queue):
    """The slots `late`, `early` and `dinner`, which overlaps both others; the sections of `Floor`."""

    def __init__(self, policy: Policy | None = None, **changes: Any) -> None:
        self.definition = changes
        changes.setdefault("sections", venue().definition.sections)
        changes.setdefault("categories", venue().definition.categories)
        super().__init__(policy, **changes)

    def redefine(self, **changes: Any) -> None:
        """Another definition from now on."""
        definition = {"slots": self.venue.definition.slots, **self.definition, **changes}
        self.venue = venue(**{"policy": self.venue.policy, **definition})

    def at(self, key: ChannelKey) -> Place:
        self.state = self.channels.get(key)
        return self

    def wait_until(self, moment: str) -> None:
        self.now = moment

    def denied(self, outcome: Decision | Rejection) -> Code:
        """The code of an outcome that has to be a rejection."""
        assert isinstance(outcome, Rejection), outcome
        return outcome.code

    def try_change(
        self, hold_id: str, by: Asker | None = None, **change: Any
    ) -> Decision | Rejection:
        return self.run(
            ChangeHold(
                channel=self.state.key,
                asker=by or customer(),
                hold_id=hold_id,
                change=HoldChange(**change),
                record=self._ended(hold_id, HoldRecord),
            )
        )

    def try_verb(self, booking_id: str, verb: Verb, by: Asker = MANAGER) -> Decision | Rejection:
        return self.run(
            MoveBooking(
                channel=self.booking(booking_id).channel,
                asker=by,
                booking_id=booking_id,
                verb=verb,
                reason=None,
                record=self._ended(booking_id, BookingRecord),
            )
        )

    def verb(self, booking_id: str, verb: Verb) -> Booking:
        answer = accepted(self.try_verb(booking_id, verb)).answer
        assert isinstance(answer, Booking)
        return answer

    def tell(self, id_: str, verb: str = "succeeded", amount: int = 1000, **more: Any) -> str:
        """A payment event; its outcome."""
        transaction = more.pop("transaction", "tx1")
        event = PaymentEvent(
            type=f"payment.{verb}",  # type: ignore[arg-type]
            transaction_id=transaction,
            hold_id=id_,
            amount=amount,
            currency=more.pop("currency", "GBP"),
            occurred_at="2026-02-15T18:00:00.000Z",
        )
        ended = self.ended.get(id_) if not self.is_active(id_) else None
        assert ended is None or isinstance(ended, HoldRecord | BookingRecord)
        command = RecordPayment(
            channel=self.state.key,
            event=event,
            event_id=f"evt-{verb}-{transaction}",
            record_id=id_,
            record=ended,
        )
        answer = accepted(self.run(command)).answer
        assert isinstance(answer, PaymentEventResult)
        return answer.outcome

    def is_active(self, id_: str) -> bool:
        return any(id_ in state.records for state in self.channels.values())

    def held(self, hold_id: str) -> HoldRecord:
        """The hold, active or ended."""
        record = self.state.records.get(hold_id) or self.ended[hold_id]
        assert isinstance(record, HoldRecord)
        return record

    def import_(self, external_id: str, *sections: str, **more: Any) -> ItemResult:
        key = self.state.key
        values: dict[str, Any] = {"created_at": "2026-02-01T12:00:00.000Z", **more}
        command = ImportBooking(
            channel=key,
            asker=MANAGER,
            item=ImportItem(
                date=key.date,
                slot_id=key.slot,
                section_ids=list(sections),
                external_id=external_id,
                **values,
            ),
            booking_id=f"i-{external_id}",
            conflict_id=f"c-{external_id}",
            reference="R",
            record=self._ended(f"i-{external_id}", BookingRecord),
        )
        answer = accepted(self.run(command)).answer
        assert isinstance(answer, ItemResult)
        return answer

    def resolve(self, conflict_id: str) -> Conflict:
        """By rule."""
        command = ResolveConflict(
            channel=self.state.key,
            asker=MANAGER,
            conflict_id=conflict_id,
            winner_id=None,
            record=None,
        )
        answer = accepted(self.run(command)).answer
        assert isinstance(answer, Conflict)
        return answer

    def try_series(self, *sections: str, **more: Any) -> Decision | Rejection:
        """Ann's, of three dates, as `ser-{date}`."""
        dates = (DATE, NEXT_DATE, LAST_DATE)
        request = SeriesRequest(slot_id="late", section_ids=list(sections), contact=CONTACT, **more)
        return self.run(
            BookSeries(
                channel=self.state.key,
                asker=customer(),
                request=request,
                customer_id="ann",
                series_id="ser",
                dates=dates,
                bookings=tuple((f"ser-{date}", "R") for date in dates),
            )
        )

    def series(self, *sections: str, **more: Any) -> dict[str, Code | None]:
        """The code of each date."""
        return _codes(self.try_series(*sections, **more))

    def cancel_series(self) -> dict[str, Code | None]:
        """What is left of it."""
        found = [
            record
            for state in self.channels.values()
            for record in state.records.values()
            if isinstance(record, BookingRecord) and record.series_id == "ser"
        ]
        command = CancelSeries(
            channel=found[0].channel,
            asker=customer(),
            series_id="ser",
            bookings=tuple((record.channel, record.id) for record in found),
            ended=(),
            reason=None,
        )
        return _codes(self.run(command))


def _codes(outcome: Decision | Rejection) -> dict[str, Code | None]:
    answer = accepted(outcome).answer
    assert isinstance(answer, SeriesResult)
    return {item.date: item.code for item in answer.items}
