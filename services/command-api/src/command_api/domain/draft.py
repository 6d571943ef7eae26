"""A draft: the outcome of one command while it is being decided.

It lies over the channel's state, which it never changes: a section is copied when it is first
touched, so a decision costs what the command names, in a venue of 10 sections or of 10,000. A step
puts and removes claims for one reason; each changed section is one event with the next version, and
each table whose seats changed one more at the end of the step. Only a table's cost grows, with the
number of its own seats.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from command_api.domain.claims import (
    View,
    known_tally,
    left_of,
    table_view,
)
from command_api.domain.decision import Answer, Decision
from command_api.domain.ends import End
from command_api.domain.model import ChannelState, Record, Scope, Unit, Venue
from command_api.domain.notices import notice_of
from command_api.domain.times import earliest, latest
from command_api.domain.touched import Touched
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.notices import Notice, NoticeType
from holdfast.contracts.snapshots import Actor, Capacity, Claim
from holdfast.contracts.states import Reason, SectionState
from holdfast.contracts.venues import Section

_NO_CLAIMS: Mapping[str, Claim] = {}


class Cause(NamedTuple):
    """Why a step happens, as its events say it."""

    reason: Reason
    actor: Actor
    hold_id: str | None = None
    booking_id: str | None = None


class Change(NamedTuple):
    """What a step does to one section: `removed` is a claim's id."""

    section_id: str
    removed: str | None
    added: Claim | None


class Draft:
    """`now` is never before the channel's last change."""

    def __init__(self, scope: Scope, now: str) -> None:
        self.venue: Venue = scope.venue
        self.state: ChannelState = scope.channel
        self.now = now
        self.version = scope.channel.version
        self.events: list[AvailabilityUpdated] = []
        self.records: dict[str, Record] = {}
        self.notices: list[Notice] = []
        self.valid_from: str | None = None
        self.valid_until: str | None = None
        self._touched: dict[str, Touched] = {}
        self._channel = scope.channel.key.name
        self._members = scope.venue.members.get(scope.channel.key.slot)

    def unit(self, section_id: str) -> Unit:
        """The section, or what stands for one that has left the layout with claims on it."""
        unit = self.venue.units.get(section_id)
        return unit if unit is not None else Unit(Section(section_id=section_id), 1, ())

    def record(self, record_id: str) -> Record | None:
        """The record as the draft has it; ended ones only where they ended here."""
        return self.records.get(record_id) or self.state.records.get(record_id)

    def claims(self, section_id: str) -> Collection[Claim] | Touched:
        touched = self._touched.get(section_id)
        if touched is not None:
            return touched
        return self.state.claims.get(section_id, _NO_CLAIMS).values()

    def left(self, unit: Unit) -> int:
        """Units of the section that are free."""
        section_id = unit.section.section_id
        if section_id not in self._touched and section_id not in self.state.claims:
            return unit.total
        return left_of(self._touch(section_id, unit).tally, unit.total)

    def first_end(self, unit: Unit) -> End | None:
        """Which of the section's claims ends first by the clock, if any does."""
        return self._touch(unit.section.section_id, unit).first_end()

    def only_holds(self, unit: Unit) -> bool:
        """Whether nothing but holds takes the section."""
        tally = self._touch(unit.section.section_id, unit).tally
        return not (tally.pending or tally.confirmed or tally.blocks)

    def relies_on_past(self, moment: str | None) -> None:
        """The outcome is right only from `moment` on."""
        self.valid_from = latest(self.valid_from, moment)

    def relies_on_future(self, moment: str | None) -> None:
        """The outcome is right only before `moment`."""
        self.valid_until = earliest(self.valid_until, moment)

    def step(self, cause: Cause, changes: Iterable[Change]) -> None:
        """Events for `changes` in order, then for the tables that follow them."""
        tables: dict[str, SectionState] = {}
        for section_id, removed, added in changes:
            unit = self.unit(section_id)
            table_id = unit.section.parent_id
            if table_id is not None and table_id not in tables and self._shows(table_id):
                tables[table_id] = self._table(table_id).state
            self._change(cause, unit, removed, added)
        for table_id, before in tables.items():
            self._emit(cause, self.unit(table_id), before, self._table(table_id))

    def save(self, record: Record, type_: NoticeType | None, cause: Cause) -> None:
        """Put the record's new value, and its notice where there is one."""
        self.records[record.id] = record
        if type_ is not None:
            self.notices.append(
                notice_of(record, self._channel, type_, actor=cause.actor, reason=cause.reason)
            )

    def close(self, answer: Answer, *, created: bool = False) -> Decision:
        return Decision(
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            events=self.events,
            records=list(self.records.values()),
            notices=self.notices,
            answer=answer,
            created=created,
        )

    def _touch(self, section_id: str, unit: Unit) -> Touched:
        touched = self._touched.get(section_id)
        if touched is None:
            base = self.state.claims.get(section_id, _NO_CLAIMS)
            known = known_tally(self.state, section_id) if unit.total > 1 else None
            touched = self._touched[section_id] = Touched(base, known)
        return touched

    def _change(self, cause: Cause, unit: Unit, removed: str | None, added: Claim | None) -> None:
        touched = self._touch(unit.section.section_id, unit)
        before = touched.state(unit.total)
        if removed is not None:
            touched.remove(removed)
        if added is not None:
            touched.put(added)
        self._emit(cause, unit, before, touched.view(unit.total), removed, added)

    def _shows(self, table_id: str) -> bool:
        """Whether the table is part of the layout, and of the slot."""
        return table_id in self.venue.units and (self._members is None or table_id in self._members)

    def _table(self, table_id: str) -> View:
        touched, claims = self._touched, self.state.claims
        return table_view(
            touched[seat].by_id() if seat in touched else claims.get(seat)
            for seat in self.venue.units[table_id].seats
        )

    def _emit(
        self,
        cause: Cause,
        unit: Unit,
        before: SectionState,
        after: View,
        removed: str | None = None,
        added: Claim | None = None,
    ) -> None:
        key = self.state.key
        self.version += 1
        self.events.append(
            AvailabilityUpdated(
                channel=self._channel,
                club_id=key.club,
                venue_id=key.venue,
                date=key.date,
                slot_id=key.slot,
                section_id=unit.section.section_id,
                previous_state=before,
                new_state=after.state,
                reason=cause.reason,
                capacity=Capacity(total=unit.total, available=after.available),
                held_until=after.held_until,
                updated_at=self.now,
                version=self.version,
                actor=cause.actor,
                hold_id=cause.hold_id,
                booking_id=cause.booking_id,
                claims_added=[] if added is None else [added],
                claims_removed=[] if removed is None else [removed],
            )
        )
