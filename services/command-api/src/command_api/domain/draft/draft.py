"""A draft: the outcome of one command while it is being decided.

It lies over the channel's state, which it never changes: a section is copied when it is first
touched, so a decision costs what the command names, in a venue of 10 sections or of 10,000. A step
puts and removes claims for one reason; each changed section is one event with the next version, and
each table whose seats changed one more at the end of the step. Only a table's cost grows, with the
number of its own seats.

A command that reaches further has a draft for each channel, `at(key)`, all of one outcome. A claim in
a slot that overlaps others lies in their channels too (a mirror, which names its own channel): steps
put and remove mirrors by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from command_api.domain.blocks.waiting import is_awaited, take_over
from command_api.domain.decision import Answer, Decision, Part
from command_api.domain.draft.claims import (
    View,
    known_tally,
    left_of,
    table_view,
)
from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.ends import End
from command_api.domain.draft.mirrors import CLAIMANTS, mirror, reach
from command_api.domain.draft.overlaps import overlapping
from command_api.domain.draft.shared import Shared
from command_api.domain.draft.step import Cause, Change
from command_api.domain.draft.touched import Touched
from command_api.domain.evolve import count_record
from command_api.domain.model import ChannelState, Quota, Scope, Unit, Venue
from command_api.domain.records import BookingRecord, HoldRecord, Record
from command_api.domain.times import earliest, latest
from command_api.domain.views.notices import notice_of
from command_api.domain.waitlist.offers import follow
from command_api.domain.waitlist.serving import serve_freed
from holdfast.contracts.channels import ChannelKey, parse_channel
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.notices import Notice, NoticeType
from holdfast.contracts.snapshots import Capacity, Claim
from holdfast.contracts.states import SectionState
from holdfast.contracts.venues import Section

_NO_CLAIMS: Mapping[str, Claim] = {}


_COUNTED = (HoldRecord, BookingRecord)


class Draft:
    """The draft of the command's own channel; `at` has those of others. `now` is never before a
    channel's last change."""

    def __init__(
        self,
        scope: Scope,
        now: str,
        state: ChannelState | None = None,
        shared: Shared | None = None,
    ) -> None:
        state = scope.channel if state is None else state
        self.scope = scope
        self.venue: Venue = scope.venue
        self.state = state
        self.channel = state.key.name
        self.overlaps = overlapping(scope.venue, state.key)
        self.crowd = Crowd(scope.venue, state.key)
        self.now = max(now, state.updated_at)
        self.version = state.version
        self.events: list[AvailabilityUpdated] = []
        self.records: dict[str, Record] = {}
        self.notices: list[Notice] = []
        self.gone: list[str] = []
        self.freed: dict[str, None] = {}
        """Sections that have more left than they had at some time before."""
        self._touched: dict[str, Touched] = {}
        self.spans: dict[str, set[ChannelKey]] = {}
        """By record, the other channels that its claims were laid in by this draft."""
        if shared is None:
            self._shared = Shared(self)
        else:
            self._shared = shared
            shared.others[state.key] = self
        self._members = scope.venue.members.get(state.key.slot)

    def at(self, key: ChannelKey) -> Draft:
        """The draft of another channel of the venue. Raises Missing where it is not loaded."""
        if key == self.state.key:
            return self
        draft = self._shared.others.get(key)
        if draft is None:
            root = self._shared.root
            if key == root.state.key:
                return root
            (state,) = self.scope.at(key)
            draft = Draft(self.scope, self.now, state, self._shared)
        return draft

    def home_of(self, claim: Claim) -> Draft:
        """The draft of the channel that the claim's record is in."""
        if not isinstance(claim.channel, str) or claim.channel == self.channel:
            return self
        key = parse_channel(claim.channel)
        assert isinstance(key, ChannelKey)
        return self.at(key)

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

    def claim(self, section_id: str, claim_id: str) -> Claim | None:
        """The claim, where it lies on the section."""
        touched = self._touched.get(section_id)
        if touched is not None:
            return touched.get(claim_id)
        return self.state.claims.get(section_id, _NO_CLAIMS).get(claim_id)

    def left(self, unit: Unit) -> int:
        """Units of the section that are free."""
        section_id = unit.section.section_id
        if section_id not in self._touched:
            if section_id not in self.state.claims:
                return unit.total
            if unit.total == 1:
                return 0
        if unit.total > 1 and self.state.waiting and is_awaited(self, section_id):
            return 0
        return left_of(self._touch(section_id, unit).tally, unit.total, self.crowd)

    def first_end(self, unit: Unit) -> End | None:
        """Which of the section's claims ends first by the clock, if any does."""
        return self._touch(unit.section.section_id, unit).first_end()

    def only_holds(self, unit: Unit) -> bool:
        """Whether nothing but holds takes the section."""
        tally = self._touch(unit.section.section_id, unit).tally
        return not (tally.pending or tally.confirmed or tally.blocks)

    def relies_on_past(self, moment: str | None) -> None:
        """The outcome is right only from `moment` on."""
        self._shared.valid_from = latest(self._shared.valid_from, moment)

    def relies_on_future(self, moment: str | None) -> None:
        """The outcome is right only before `moment`."""
        self._shared.valid_until = earliest(self._shared.valid_until, moment)

    def step(self, cause: Cause, changes: Iterable[Change]) -> None:
        """Events for `changes` in order, then for the tables that follow them; then the same in the
        channels of overlapping slots. Claims that are added are of records of this channel."""
        changes = list(changes)
        self.lay(cause, changes)
        for key in reach(self, changes):
            mirror(self, cause, changes, key)
        if self._shared.left_to_blocks:
            self.settle()

    def settle(self) -> None:
        """Have the blocks that wait take what its last claim has left, before anybody else can."""
        while self._shared.left_to_blocks:
            left = self._shared.left_to_blocks
            self._shared.left_to_blocks = {}
            for draft, section_ids in left.items():
                take_over(draft, section_ids)

    def save(
        self, record: Record, type_: NoticeType | None, cause: Cause, *, by_clock: bool = False
    ) -> None:
        """Put the new value of a record of this channel, and its notice where there is one.
        `by_clock`: it ended by its own time, which whoever counts its customer's records knows."""
        if self.spans and isinstance(record, CLAIMANTS) and (keys := self.spans.get(record.id)):
            record.spans = sorted({*record.spans, *(key.name for key in keys)})
        before = self.record(record.id) if self.state.entries else None
        self.records[record.id] = record
        if not by_clock:
            self._count(record)
        if type_ is not None:
            self.notices.append(
                notice_of(record, self.channel, type_, actor=cause.actor, reason=cause.reason)
            )
        if isinstance(before, HoldRecord) and before.entry_id is not None:
            assert isinstance(record, HoldRecord)
            follow(self, before, record, cause)

    def leave(self, record_id: str) -> None:
        """The record goes to another channel, where it is saved."""
        self.records.pop(record_id, None)
        self.gone.append(record_id)

    def serve(self) -> None:
        """Offer what became free, in all channels of the outcome, to those who wait for it there."""
        waited_for = [d for d in self._shared.drafts() if d.state.entries and d.freed]
        if waited_for:
            serve_freed(waited_for)

    def forget_freed(self) -> None:
        """What claims have left so far goes to nobody, in all channels of the outcome."""
        self._shared.left_to_blocks.clear()
        for draft in self._shared.drafts():
            draft.freed.clear()

    def all_records(self) -> list[Record]:
        """The new values of records, in all channels of the outcome."""
        return [record for d in self._shared.drafts() for record in d.records.values()]

    def quota(self, date: str | None, customer_id: str) -> Quota:
        """What counts towards a customer's limit with what this outcome makes of it: an offer that it
        made them already counts."""
        quota, records = self.scope.quota(date, customer_id), self.all_records()
        if not records:
            return quota
        ahead = msgspec.structs.replace(quota, entries=dict(quota.entries))
        for record in records:
            count_record(ahead, self.venue, record)
        return ahead

    def close(self, answer: Answer, *, created: bool = False) -> Decision:
        """The outcome of all drafts, once those who wait had what it frees."""
        self.settle()
        self.serve()
        shared = self._shared
        return Decision(
            valid_from=shared.valid_from,
            valid_until=shared.valid_until,
            parts={d.state.key: d.part() for d in shared.drafts() if d.moved},
            answer=answer,
            created=created,
        )

    @property
    def valid_from(self) -> str | None:
        return self._shared.valid_from

    @property
    def valid_until(self) -> str | None:
        return self._shared.valid_until

    @property
    def moved(self) -> bool:
        """Whether anything happens to the channel."""
        return bool(self.events or self.records or self.notices or self.gone)

    def part(self) -> Part:
        return Part(
            events=self.events,
            records=list(self.records.values()),
            notices=self.notices,
            gone=self.gone,
        )

    def _count(self, record: Record) -> None:
        """Have the quotas at hand that the record counts towards, where the policy has a limit."""
        customer, policy = record.customer_id, self.venue.policy
        if customer is None or not isinstance(record, _COUNTED):
            return
        if policy.max_tables_per_customer_per_date is not None:
            self.scope.quota(record.date, customer)
        if policy.max_active_holds_per_customer is not None and isinstance(record, HoldRecord):
            self.scope.quota(None, customer)

    def lay(self, cause: Cause, changes: Iterable[Change]) -> None:
        """A step in this channel alone."""
        tables: dict[str, SectionState] = {}
        for section_id, removed, added in changes:
            unit = self.unit(section_id)
            table_id = unit.section.parent_id
            if table_id is not None and table_id not in tables and self._shows(table_id):
                tables[table_id] = self._table(table_id).state
            self._change(cause, unit, removed, added)
        for table_id, before in tables.items():
            self._emit(cause, self.unit(table_id), before, self._table(table_id))

    def _touch(self, section_id: str, unit: Unit) -> Touched:
        touched = self._touched.get(section_id)
        if touched is None:
            base = self.state.claims.get(section_id, _NO_CLAIMS)
            known = known_tally(self.state, section_id) if unit.total > 1 else None
            touched = self._touched[section_id] = Touched(base, known)
        return touched

    def _change(self, cause: Cause, unit: Unit, removed: str | None, added: Claim | None) -> None:
        touched = self._touch(unit.section.section_id, unit)
        before, taken = touched.state(unit.total, self.crowd), touched.tally.taken
        if removed is not None:
            touched.remove(removed)
        if added is not None:
            touched.put(added)
        if touched.tally.taken < taken:
            self.freed[unit.section.section_id] = None
        if removed is not None and added is None and self.state.waiting:
            self._shared.left_to_blocks.setdefault(self, []).append(unit.section.section_id)
        self._emit(cause, unit, before, touched.view(unit.total, self.crowd), removed, added)

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
                channel=self.channel,
                club_id=key.club,
                venue_id=key.venue,
                date=key.date,
                slot_id=key.slot,
                section_id=unit.section.section_id,
                previous_state=before,
                new_state=after.state,
                reason=cause.reason,
                capacity=Capacity(
                    total=unit.total, available=after.available, over_committed=after.over
                ),
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
