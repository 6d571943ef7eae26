"""A small venue of every kind of section, people, and one channel to try commands on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from command_api.domain.commands import (
    Asker,
    BlockSections,
    CancelBooking,
    Command,
    ConfirmHold,
    ExpireRecords,
    ExtendHold,
    HoldSections,
    ReleaseHold,
    RemoveBlock,
)
from command_api.domain.decide import decide
from command_api.domain.decision import Decision, Rejection
from command_api.domain.evolve import apply
from command_api.domain.model import ChannelState, Quota, QuotaKey, Scope, Venue
from command_api.domain.records import BlockRecord, BookingRecord, HoldRecord, Record, is_active
from command_api.domain.times import later
from command_api.domain.venue.prepared import check_definition, prepare_venue
from command_api.domain.views.snapshot import staff_snapshot
from holdfast.contracts.blocks import Block, BlockRequest
from holdfast.contracts.bookings import Booking, ConfirmRequest, Contact
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import Hold, HoldRequest
from holdfast.contracts.snapshots import Actor, StaffSection
from holdfast.contracts.states import ActorType, SectionKind
from holdfast.contracts.venues import Category, Policy, Section, Slot, VenueDefinition

K = TypeVar("K")
V = TypeVar("V")

NOW = "2026-02-15T18:00:00.000Z"
DATE = "2026-02-15"
KEY = ChannelKey("backroom", "leeds", DATE, "late")


def definition(policy: Policy | None = None, **changes: Any) -> VenueDefinition:
    """Tables `t1` (four seats) and `t2` (two), sections `s1` to `s3`, pool `p` of 5, a shared table
    `m` of 3, and a row of seats `a1` to `a6`."""
    sections = [
        Section(section_id="t1", kind=SectionKind.TABLE, category_id="gold"),
        *(
            Section(section_id=f"t1-{n}", kind=SectionKind.SEAT, parent_id="t1", party_max=1)
            for n in range(1, 5)
        ),
        Section(section_id="t2", kind=SectionKind.TABLE, price=9000, party_min=2, party_max=3),
        *(
            Section(section_id=f"t2-{n}", kind=SectionKind.SEAT, parent_id="t2", price=1000)
            for n in range(1, 3)
        ),
        Section(section_id="s1", party_min=2, party_max=4, category_id="gold"),
        Section(section_id="s2", party_min=1, party_max=6, price=700, category_id="gold"),
        Section(section_id="s3"),
        Section(section_id="p", kind=SectionKind.POOL, capacity=5, price=100),
        Section(section_id="m", kind=SectionKind.TABLE, capacity=3),
        *(
            Section(
                section_id=f"a{n}",
                kind=SectionKind.SEAT,
                category_id="row",
                row_label="A",
                seat_number=n,
            )
            for n in range(1, 7)
        ),
    ]
    values: dict[str, Any] = {
        "timezone": "Europe/London",
        "policy": policy or Policy(),
        "slots": [Slot(slot_id="late", start="21:00", end="03:00")],
        "categories": [Category(category_id="gold", price=5000), Category(category_id="row")],
        "sections": sections,
    }
    return VenueDefinition(**{**values, **changes})


def venue(policy: Policy | None = None, **changes: Any) -> Venue:
    made = definition(policy, **changes)
    assert check_definition(made) == []
    return prepare_venue(
        club="backroom",
        venue="leeds",
        revision=1,
        layout_version=1,
        stamp=1,
        updated_at="2026-01-01T00:00:00.000Z",
        definition=made,
    )


def customer(name: str = "ann", **more: Any) -> Asker:
    return Asker(Actor(type=ActorType.CUSTOMER, id=name), name, False, False, **more)


STAFF = Asker(Actor(type=ActorType.STAFF, id="sam", name="Sam"), None, True, False)
MANAGER = Asker(Actor(type=ActorType.MANAGER, id="mia", name="Mia"), None, True, True)
CONTACT = Contact(name="Ann", email="ann@example.org")


class Opened(dict[K, V]):
    """A dict that makes what is not there yet: every channel and quota is loaded."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def get(self, key: K, default: Any = None) -> V:
        if key not in self:
            self[key] = self._make(key)
        return self[key]


class Floor:
    """One channel, moved on by commands; `now` moves on by hand. Other channels of the venue, in
    `channels`, are there where a command reaches for them."""

    def __init__(
        self, policy: Policy | None = None, *, key: ChannelKey = KEY, **changes: Any
    ) -> None:
        self.venue = venue(policy, **changes)
        self.state = ChannelState(key)
        self.now = NOW
        self.channels = Opened[ChannelKey, ChannelState](ChannelState)
        self.channels[key] = self.state
        self.quotas = Opened[QuotaKey, Quota](lambda key: Quota(key, self.venue.revision))
        self.ended: dict[str, Record] = {}
        self.decisions: list[Decision] = []
        self._numbers = itertools.count(1)

    def pass_time(self, seconds: int) -> None:
        self.now = later(self.now, seconds)

    def scope(self, key: ChannelKey | None = None) -> Scope:
        state = self.state if key is None else self.channels.get(key)
        return Scope(self.venue, state, self.channels, self.quotas)

    def run(self, command: Command) -> Decision | Rejection:
        """Decide, and where it was accepted move on."""
        scope = self.scope(command.channel)
        outcome = decide(scope, command, self.now)
        if isinstance(outcome, Decision):
            apply(scope, outcome)
            self.decisions.append(outcome)
            for record in outcome.records:
                if not is_active(record):
                    self.ended[record.id] = record
        return outcome

    def try_hold(
        self,
        *sections: str,
        by: Asker | None = None,
        customer_id: str | None = None,
        **more: Any,
    ) -> Decision | Rejection:
        asker = by or customer()
        for_whom = customer_id or asker.customer_id
        if sections:
            more["section_ids"] = list(sections)
        request = HoldRequest(date=self.state.key.date, slot_id=self.state.key.slot, **more)
        command = HoldSections(
            channel=self.state.key,
            asker=asker,
            request=request,
            customer_id=for_whom,
            hold_id=f"h{next(self._numbers)}",
        )
        return self.run(command)

    def hold(self, *sections: str, **more: Any) -> Hold:
        answer = accepted(self.try_hold(*sections, **more)).answer
        assert isinstance(answer, Hold)
        return answer

    def extend(
        self, hold_id: str, ttl: int | None = None, by: Asker | None = None
    ) -> Decision | Rejection:
        return self.run(
            ExtendHold(
                channel=self.state.key,
                asker=by or customer(),
                hold_id=hold_id,
                ttl_seconds=ttl,
                record=self._ended(hold_id, HoldRecord),
            )
        )

    def release(self, hold_id: str, by: Asker | None = None) -> Decision | Rejection:
        return self.run(
            ReleaseHold(
                channel=self.state.key,
                asker=by or customer(),
                hold_id=hold_id,
                record=self._ended(hold_id, HoldRecord),
            )
        )

    def try_confirm(
        self, hold_id: str, by: Asker | None = None, **more: Any
    ) -> Decision | Rejection:
        number = next(self._numbers)
        request = ConfirmRequest(**{"contact": CONTACT, **more})
        return self.run(
            ConfirmHold(
                channel=self.state.key,
                asker=by or customer(),
                hold_id=hold_id,
                request=request,
                booking_id=f"b{number}",
                reference=f"REF{number}",
                record=self._ended(hold_id, HoldRecord),
            )
        )

    def confirm(self, hold_id: str, **more: Any) -> Booking:
        answer = accepted(self.try_confirm(hold_id, **more)).answer
        assert isinstance(answer, Booking)
        return answer

    def cancel(self, booking_id: str, by: Asker | None = None) -> Decision | Rejection:
        return self.run(
            CancelBooking(
                channel=self.state.key,
                asker=by or customer(),
                booking_id=booking_id,
                reason=None,
                record=self._ended(booking_id, BookingRecord),
            )
        )

    def try_block(self, *sections: str, by: Asker = STAFF, **more: Any) -> Decision | Rejection:
        request = BlockRequest(
            date=self.state.key.date,
            slot_id=self.state.key.slot,
            section_ids=list(sections) or None,
            **more,
        )
        return self.run(
            BlockSections(
                channel=self.state.key,
                asker=by,
                request=request,
                block_id=f"k{next(self._numbers)}",
            )
        )

    def block(self, *sections: str, **more: Any) -> Block:
        answer = accepted(self.try_block(*sections, **more)).answer
        assert isinstance(answer, Block)
        return answer

    def unblock(self, block_id: str) -> Decision | Rejection:
        return self.run(
            RemoveBlock(
                channel=self.state.key,
                asker=STAFF,
                block_id=block_id,
                record=self._ended(block_id, BlockRecord),
            )
        )

    def expire(self, *record_ids: str) -> Decision:
        return accepted(self.run(ExpireRecords(channel=self.state.key, record_ids=record_ids)))

    def sections(self) -> dict[str, StaffSection]:
        snapshot = staff_snapshot(
            self.venue, self.state, epoch="e", cursor=None, server_time=self.now
        )
        return {section.section_id: section for section in snapshot.sections}

    def section(self, section_id: str) -> StaffSection:
        return self.sections()[section_id]

    def _ended(self, record_id: str, type_: type[Any]) -> Any:
        record = self.ended.get(record_id)
        return record if isinstance(record, type_) else None


def accepted(outcome: Decision | Rejection) -> Decision:
    assert isinstance(outcome, Decision), outcome
    return outcome


def rejected(outcome: Decision | Rejection) -> Rejection:
    assert isinstance(outcome, Rejection), outcome
    return outcome
