"""Rules of the machine: what comes from elsewhere (imports, payments), from staff (blocks), from the leader,
and from those who wait."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.unit.domain.build import CONTACT, MANAGER, STAFF
from tests.unit.domain.machine.acting import (
    NAMES,
    SERVICE,
    Acting,
    any_,
    askers,
    channels,
    few,
    has,
    many,
    picks,
    sections,
    units,
)

from command_api.domain import commands as c
from command_api.domain.records import BookingRecord, HoldRecord
from holdfast.contracts.blocks import BlockRequest
from holdfast.contracts.bookings import (
    ConfirmRequest,
    ImportItem,
)
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.payments import PaymentEvent
from holdfast.contracts.states import OnConflict
from holdfast.contracts.waitlist import WaitlistRequest


class AsOthers(Acting):
    @rule(key=channels, ids=sections, n=units, paid=st.booleans(), vip=st.booleans(), pick=picks)
    def import_(
        self, key: ChannelKey, ids: list[str], n: int, paid: bool, vip: bool, pick: int
    ) -> None:
        number = self.runner.new_id("x")
        self.run(
            c.ImportBooking(
                channel=key,
                asker=SERVICE,
                item=ImportItem(
                    date=key.date,
                    slot_id=key.slot,
                    section_ids=ids,
                    quantities=many(ids, n),
                    customer_id=self.for_whom(SERVICE, pick),
                    external_id=number,
                    created_at=f"2026-02-1{4 + pick % 2}T18:0{pick % 3}:00.000Z",
                    paid=paid,
                    tier="vip" if vip else None,
                    contact=CONTACT,
                ),
                booking_id=f"i{number}",
                conflict_id=f"c{number}",
                reference="R",
                record=None,
            )
        )

    @has("conflict")
    @rule(pick=picks, word=picks)
    def resolve(self, pick: int, word: int) -> None:
        conflict, _ = self.some("conflict", pick, "open")
        known = self.runner.model.records.get(conflict, {"bookings": []})["bookings"]
        self.resolve_plainly(
            conflict, [*known, "nobody"][word % (len(known) + 1)] if word % 2 else None
        )

    def resolve_plainly(self, conflict: str, winner: str | None) -> None:
        self.run(
            c.ResolveConflict(
                channel=self.at(conflict),
                asker=MANAGER,
                conflict_id=conflict,
                winner_id=winner,
                record=self.ended(conflict),
            )
        )

    @rule(
        pick=picks,
        amount=st.sampled_from([50, 50, 80]),
        refund=st.booleans(),
        transaction=st.sampled_from(["tx1", "tx1", "tx2"]),
        currency=st.sampled_from(["GBP", "GBP", "GBP", "EUR"]),
    )
    def pay(self, pick: int, amount: int, refund: bool, transaction: str, currency: str) -> None:
        kind = "booking" if pick % 2 and self.runner.model.of_kind("booking") else "hold"
        id_, _ = self.some(
            kind, pick, "active", "expired", "pending_approval", "confirmed", "cancelled"
        )
        type_ = "payment.refunded" if refund and pick % 4 > 1 else "payment.succeeded"
        self.pay_plainly(
            id_, f"{refund}-{transaction}-{amount}", type_, transaction, amount, currency
        )

    def pay_plainly(
        self,
        id_: str,
        event_id: str,
        type_: Any = "payment.succeeded",
        transaction: str = "tx1",
        amount: int = 50,
        currency: str = "GBP",
    ) -> None:
        record = self.ended(id_)
        assert record is None or isinstance(record, HoldRecord | BookingRecord)
        event = PaymentEvent(
            type=type_,
            transaction_id=transaction,
            hold_id=id_,
            amount=amount,
            currency=currency,
            occurred_at="2026-02-15T18:00:00.000Z",
        )
        self.run(
            c.RecordPayment(
                channel=self.at(id_), event=event, event_id=event_id, record_id=id_, record=record
            )
        )

    @rule(
        key=channels,
        by=st.sampled_from([STAFF, MANAGER]),
        ids=few | few | few | any_ | st.none(),
        way=st.sampled_from(list(OnConflict)),
    )
    def block(self, key: ChannelKey, by: c.Asker, ids: list[str] | None, way: OnConflict) -> None:
        self.run(
            c.BlockSections(
                channel=key,
                asker=by,
                request=BlockRequest(
                    date=key.date, slot_id=key.slot, section_ids=ids, on_conflict=way
                ),
                block_id=self.runner.new_id("k"),
            )
        )

    @has("block", "active")
    @rule(pick=picks)
    def unblock(self, pick: int) -> None:
        block, _ = self.some("block", pick, "active")
        self.run(
            c.RemoveBlock(
                channel=self.at(block), asker=STAFF, block_id=block, record=self.ended(block)
            )
        )

    @rule(key=channels, who=st.sampled_from(NAMES))
    def erase(self, key: ChannelKey, who: str) -> None:
        ended = [r for r in self.runner.world.ended.values() if r.channel == key]
        records = tuple(r for r in ended if self.ended(r.id))
        self.run(c.ErasePersonalData(channel=key, asker=MANAGER, customer_id=who, records=records))

    @rule(
        key=channels,
        by=askers,
        size=st.integers(1, 5),
        wish=st.sampled_from([[], [], ["gold"], ["silver"]]),
        pick=picks,
    )
    def join(self, key: ChannelKey, by: c.Asker, size: int, wish: list[str], pick: int) -> None:
        self.run(
            c.JoinWaitlist(
                channel=key,
                asker=by,
                request=WaitlistRequest(
                    date=key.date, slot_id=key.slot, party_size=size, category_ids=wish
                ),
                customer_id=self.for_whom(by, pick),
                entry_id=self.runner.new_id("e"),
            )
        )

    @has("entry")
    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        entry, by = self.some("entry", pick, "waiting", "offered")
        self.run(
            c.LeaveWaitlist(
                channel=self.at(entry), asker=by, entry_id=entry, record=self.ended(entry)
            )
        )

    @has("entry", "offered")
    @rule(pick=picks, accept=st.booleans(), wrong=st.integers(0, 9))
    def answer_an_offer(self, pick: int, accept: bool, wrong: int) -> None:
        entry, by = self.some("entry", pick, "offered")
        offer = self.runner.model.records.get(entry, {"hold": None})["hold"]
        more: dict[str, Any] = {
            "channel": self.at(entry),
            "asker": by,
            "entry_id": entry,
            "offer_id": "hld_x_1" if offer is None or wrong == 0 else offer,
            "record": self.ended(entry),
        }
        if accept:
            self.run(
                c.AcceptOffer(
                    request=ConfirmRequest(contact=CONTACT),
                    booking_id=self.runner.new_id("b"),
                    reference="R",
                    **more,
                )
            )
        else:
            self.run(c.DeclineOffer(**more))
