"""Rules of the machine: holds, from their making to their confirmation."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.unit.domain.build import CONTACT, customer
from tests.unit.domain.machine.acting import (
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
from tests.unit.domain.machine.house import SECTIONS

from command_api.domain import commands as c
from holdfast.contracts.bookings import (
    ConfirmRequest,
)
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import BestAvailable, HoldChange, HoldRequest


class OnHolds(Acting):
    @rule(
        key=channels, by=askers, ids=sections, n=units, party=parties, pick=picks, dry=st.booleans()
    )
    def hold(
        self,
        key: ChannelKey,
        by: c.Asker,
        ids: list[str],
        n: int,
        party: int | None,
        pick: int,
        dry: bool,
    ) -> None:
        best = BestAvailable(quantity=n) if pick % 12 == 11 else None
        request = HoldRequest(
            date=key.date,
            slot_id=key.slot,
            section_ids=None if best else ids,
            best_available=best,
            quantities={} if best else many(ids, n),
            party_size=None if best else party,
            ttl_seconds=(None, 30, 2000)[pick % 3],
            dry_run=dry and pick % 5 == 4,
        )
        self.run(
            c.HoldSections(
                channel=key,
                asker=by,
                request=request,
                customer_id=self.for_whom(by, pick),
                hold_id=self.runner.new_id("h"),
            )
        )

    @rule(key=channels, who=st.sampled_from(NAMES), ids=few)
    def hold_for_oneself(self, key: ChannelKey, who: str, ids: list[str]) -> None:
        self.hold_plainly(key, customer(who), ids)

    @rule(key=channels, ids=few)
    def hold_and_let_it_lapse(self, key: ChannelKey, ids: list[str]) -> None:
        """Nobody sweeps: it is up to whoever comes next."""
        self.hold_plainly(key, customer("bob"), ids, ttl_seconds=10)
        self.runner.pass_time(11)

    def hold_plainly(self, key: ChannelKey, by: c.Asker, ids: list[str], **more: Any) -> str:
        request = HoldRequest(date=key.date, slot_id=key.slot, section_ids=ids, **more)
        hold_id = self.runner.new_id("h")
        self.run(
            c.HoldSections(
                channel=key,
                asker=by,
                request=request,
                customer_id=by.customer_id,
                hold_id=hold_id,
            )
        )
        return hold_id

    @has("hold", "active")
    @rule(pick=picks, ttl=st.sampled_from([None, 10, 150, 2000]))
    def extend(self, pick: int, ttl: int | None) -> None:
        hold, by = self.some("hold", pick, "active")
        self.run(
            c.ExtendHold(
                channel=self.at(hold),
                asker=by,
                hold_id=hold,
                ttl_seconds=ttl,
                record=self.ended(hold),
            )
        )

    @has("hold")
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        hold, by = self.some("hold", pick, "active")
        self.run(
            c.ReleaseHold(channel=self.at(hold), asker=by, hold_id=hold, record=self.ended(hold))
        )

    @has("hold", "active")
    @rule(
        pick=picks, add=st.lists(st.sampled_from(SECTIONS[1:]), max_size=2, unique=True), gone=picks
    )
    def change(self, pick: int, add: list[str], gone: int) -> None:
        hold, by = self.some("hold", pick, "active")
        has = list(self.runner.model.records.get(hold, {"claims": {}})["claims"])
        remove = [has[gone % len(has)]] if has and gone % 3 else []
        if remove == ["p"] or not (add or remove):
            remove = ["u"]
        self.change_plainly(hold, by, HoldChange(add=add, remove=remove))

    def change_plainly(self, hold: str, by: c.Asker, change: HoldChange) -> None:
        self.run(
            c.ChangeHold(
                channel=self.at(hold),
                asker=by,
                hold_id=hold,
                change=change,
                record=self.ended(hold),
            )
        )

    @has("hold", "active")
    @rule(pick=picks, party=parties)
    def confirm(self, pick: int, party: int | None) -> None:
        hold, by = self.some("hold", pick, "active")
        self.run(
            c.ConfirmHold(
                channel=self.at(hold),
                asker=by,
                hold_id=hold,
                request=ConfirmRequest(contact=CONTACT, party_size=party),
                booking_id=self.runner.new_id("b"),
                reference="R",
                record=self.ended(hold),
            )
        )
