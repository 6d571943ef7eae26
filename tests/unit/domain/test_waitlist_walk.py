"""Random joins, holds, releases, blocks and time, in two slots that overlap: what must hold of the
waitlist after each of them."""

from __future__ import annotations

import random

import pytest
from tests.unit.domain.build import DATE, KEY, STAFF, customer
from tests.unit.domain.waiting import Queue

from command_api.domain.commands import (
    ChangeHold,
    ExpireRecords,
    HoldSections,
    ReleaseHold,
    ServeWaitlist,
)
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.claims import left_of, tally_of
from command_api.domain.model import ChannelState, Unit
from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.times import later
from command_api.domain.waitlist.fitting import Fitting
from command_api.domain.waitlist.offers import place_of
from command_api.domain.waitlist.shapes import plan_of
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldChange, HoldRequest
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.states import HoldStatus, SectionKind, WaitlistStatus
from holdfast.contracts.venues import Category, Policy, Section, Slot

EARLY = ChannelKey("backroom", "leeds", DATE, "early")
NAMES = [f"c{n}" for n in range(12)]
MIXED = [
    Section(section_id="two", kind=SectionKind.TABLE, party_max=2, category_id="gold"),
    Section(section_id="six", kind=SectionKind.TABLE, party_min=3, party_max=6),
    Section(section_id="any", category_id="gold"),
    Section(section_id="t", kind=SectionKind.TABLE),
    *(Section(section_id=f"t-{n}", kind=SectionKind.SEAT, parent_id="t") for n in range(3)),
    Section(section_id="p", kind=SectionKind.POOL, capacity=4, category_id="pool"),
    *(
        Section(section_id=f"a{n}", kind=SectionKind.SEAT, row_label="A", seat_number=n)
        for n in range(5)
    ),
]
ROW = [
    Section(section_id=f"a{n}", kind=SectionKind.SEAT, row_label="A", seat_number=n)
    for n in range(5)
]
HOUSES = [(MIXED, (1, 2, 3, 4, 5), (1, 1, 2, 4)), (ROW, (2, 2, 3), (1, 2, 2))]
"""With the sizes of parties, and of holds. In the second all that is offered is seats side by side."""
POLICIES = [
    Policy(hold_ttl_seconds=60, waitlist_offer_ttl_seconds=40),
    Policy(
        hold_ttl_seconds=60,
        waitlist_offer_ttl_seconds=40,
        orphan_seats=False,
        max_tables_per_customer_per_date=2,
        max_active_holds_per_customer=2,
    ),
]


class Walk:
    def __init__(self, policy: Policy, house: int, chance: random.Random) -> None:
        sections, self.parties, self.counts = HOUSES[house]
        slots = [
            Slot(slot_id="early", start="27:00", end="33:00"),
            Slot(slot_id="late", start="30:00", end="35:00"),
        ]
        self.queue = Queue(
            policy,
            sections=sections,
            slots=slots,
            categories=[Category(category_id="gold"), Category(category_id="pool")],
        )
        self.limited = policy.max_active_holds_per_customer is not None
        self.ids = [section.section_id for section in sections]
        self.chance = chance
        self.made = 0
        self.offers = 0

    def step(self) -> None:
        queue, chance = self.queue, self.chance
        queue.now = later(queue.now, chance.choice((0, 0, 1, 1, 5, 20)))
        queue.decisions.clear()
        waiting = self.waiting()
        self._command()
        for decision in queue.decisions:
            self._check_order(decision, waiting)
        for state in queue.channels.values():
            self._check_capacity(state)
            self._check_offers(state)
            if not self.limited:
                self._check_nobody_waits_for_what_is_free(state)

    def waiting(self) -> list[EntryRecord]:
        return [
            entry
            for state in self.queue.channels.values()
            for entry in state.entries.values()
            if entry.status is WaitlistStatus.WAITING
        ]

    def _command(self) -> Decision | Rejection:
        chance = self.chance
        key, kind = chance.choice((KEY, EARLY)), chance.random()
        if kind < 0.3:
            categories = chance.choice(((), (), ("gold",), ("pool", "gold")))
            size, name = chance.choice(self.parties), chance.choice(NAMES)
            return self.queue.try_join(name, size, *categories, at=key)
        if kind < 0.65:
            return self._hold(key)
        if kind < 0.72:
            return self._by_the_leader(key)
        if kind < 0.77:
            return self._by_staff()
        return self._waiting() if kind < 0.87 else self._end(key)

    def _by_the_leader(self, key: ChannelKey) -> Decision | Rejection:
        if self.chance.random() < 0.3:
            return self.queue.run(ServeWaitlist(channel=key))
        due = tuple(self.queue.channels.get(key).records)
        return self.queue.run(ExpireRecords(channel=key, record_ids=due))

    def _by_staff(self) -> Decision | Rejection:
        queue, chance = self.queue, self.chance
        bookings = [id_ for id_ in queue.state.records if id_.startswith("b")]
        blocks = [id_ for id_ in queue.state.records if id_.startswith("k")]
        if bookings and chance.random() < 0.7:
            return queue.cancel(chance.choice(bookings), by=STAFF)
        if blocks and chance.random() < 0.6:
            return queue.unblock(chance.choice(blocks))
        return queue.try_block(*chance.sample(self.ids, 2))

    def _waiting(self) -> Decision | Rejection:
        """Somebody who waits does something about it."""
        queue, chance = self.queue, self.chance
        entries = list(queue.state.entries.values())
        if not entries:
            return self._hold(KEY)
        entry = chance.choice(entries)
        who, offer = customer(entry.customer_id or ""), entry.hold_id or "hld_x_1"
        match chance.randrange(3):
            case 0:
                return queue.leave(entry.id, who)
            case 1:
                return queue.accept(offer, who)
            case _:
                return queue.decline(offer, who)

    def _end(self, key: ChannelKey) -> Decision | Rejection:
        """A hold is released, or becomes a booking, or grows."""
        queue, chance = self.queue, self.chance
        records = queue.channels.get(key).records.values()
        holds = [record for record in records if isinstance(record, HoldRecord)]
        if not holds:
            return self._hold(key)
        hold = chance.choice(holds)
        if chance.random() < 0.15 and key == KEY:
            return queue.try_confirm(hold.id, by=STAFF)
        if chance.random() < 0.3:
            more = HoldChange(add=chance.sample(self.ids, chance.choice((1, 2))))
            return queue.run(
                ChangeHold(channel=key, asker=STAFF, hold_id=hold.id, change=more, record=None)
            )
        return queue.run(ReleaseHold(channel=key, asker=STAFF, hold_id=hold.id, record=None))

    def _hold(self, key: ChannelKey) -> Decision | Rejection:
        chance, name = self.chance, self.chance.choice(NAMES)
        self.made += 1
        ids = chance.sample(self.ids, chance.choice(self.counts))
        request = HoldRequest(date=DATE, slot_id=key.slot, section_ids=ids)
        return self.queue.run(
            HoldSections(
                channel=key,
                asker=customer(name),
                request=request,
                customer_id=name,
                hold_id=f"h{self.made}",
            )
        )

    def _check_order(self, decision: Decision, before: list[EntryRecord]) -> None:
        """Nobody was overtaken by somebody who wants the same."""
        offered = [
            record
            for record in decision.records
            if isinstance(record, EntryRecord) and record.status is WaitlistStatus.OFFERED
        ]
        self.offers += len(offered)
        if self.limited:
            return
        still = {entry.id for entry in self.waiting()}
        for entry in offered:
            for other in before:
                if other.id in still and other.channel == entry.channel:
                    same = other.party_size == entry.party_size and set(other.category_ids) == set(
                        entry.category_ids
                    )
                    behind = place_of(other) > place_of(entry)
                    assert behind or not same

    def _check_capacity(self, state: ChannelState) -> None:
        units = self.queue.venue.units
        for section_id, claims in state.claims.items():
            taken = sum(c.quantity for c in claims.values() if c.kind != "block")
            assert taken <= units[section_id].total, "offered or sold twice"

    def _check_offers(self, state: ChannelState) -> None:
        """Each offer is one active hold of its customer's, and each such hold an open offer."""
        offered = {
            entry.hold_id: entry
            for entry in state.entries.values()
            if entry.status is WaitlistStatus.OFFERED
        }
        holds = {
            record.id: record
            for record in state.records.values()
            if isinstance(record, HoldRecord) and record.entry_id is not None
        }
        assert offered.keys() == holds.keys()
        for hold_id, hold in holds.items():
            assert hold.status is HoldStatus.ACTIVE
            assert offered[hold_id].customer_id == hold.customer_id

    def _check_nobody_waits_for_what_is_free(self, state: ChannelState) -> None:
        venue = self.queue.venue

        def left(unit: Unit) -> int:
            claims = state.claims.get(unit.section.section_id, {})
            return left_of(tally_of(claims.values()), unit.total)

        fitting = Fitting(venue, plan_of(venue, state.key.slot), left)
        for entry in state.entries.values():
            if entry.status is WaitlistStatus.WAITING:
                fit = fitting.find(entry.party_size, frozenset(entry.category_ids))
                assert fit is None, (entry, fit)


@pytest.mark.parametrize("policy", range(len(POLICIES)))
@pytest.mark.parametrize(
    ("house", "seed"), [*((0, n) for n in range(6)), *((1, n) for n in range(12))]
)
def test_offers_and_claims_never_are_more_than_there_is(policy: int, house: int, seed: int) -> None:
    walk = Walk(POLICIES[policy], house, random.Random(f"{policy}.{house}.{seed}"))
    for _ in range(600):
        walk.step()
    assert walk.offers > (30, 10)[house]


def test_every_end_of_an_offer_has_its_notice() -> None:
    walk = Walk(POLICIES[0], 0, random.Random("notices"))
    seen: set[NoticeType] = set()
    for _ in range(1500):
        walk.step()
        for decision in walk.queue.decisions:
            seen.update(notice.type for notice in decision.notices)
    assert {type_ for type_ in NoticeType if type_.value.startswith("waitlist.")} <= seen
