"""Whatever moves wherever: claims are what the records say, and no section is sold twice at one moment."""

from __future__ import annotations

import random
from collections import defaultdict

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.domain.build import MANAGER, STAFF, customer
from tests.unit.domain.elsewhere import NEXT_DATE, SLOTS, Nights
from tests.unit.domain.test_series import series_of

from command_api.domain.commands import BlockSections, HoldSections, RemoveBlock
from command_api.domain.decision import Decision, Rejection
from command_api.domain.evolve import counts_until
from command_api.domain.holds.limits import tables_of
from command_api.domain.records import BlockRecord, BookingRecord, HoldRecord
from command_api.domain.venue.days import day_of
from holdfast.contracts.blocks import BlockRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldRequest
from holdfast.contracts.problems import Code
from holdfast.contracts.states import OnConflict
from holdfast.contracts.venues import Policy

DATES = ("2026-02-16", "2026-02-17", NEXT_DATE)
KEYS = [ChannelKey("backroom", "leeds", date, slot.slot_id) for date in DATES for slot in SLOTS]
SECTIONS = ["t1", "t1-1", "t1-2", "t2", "s1", "s1", "s2", "p", "p", "m"]
PEOPLE = [*(customer(name) for name in ("ann", "bob", "cat")), STAFF, MANAGER]


class Shuffle:
    """Nights on which everybody books, holds, moves, blocks and cancels at random."""

    def __init__(self, policy: Policy, chance: random.Random) -> None:
        self.place = Nights(policy)
        self.chance = chance
        self.moved = 0
        self._number = 0

    def step(self) -> None:
        place, chance = self.place, self.chance
        place.pass_time(chance.choice((0, 0, 0, 1, 5, 60)))
        versions = {key: state.version for key, state in place.channels.items()}
        outcome = self._act()
        if isinstance(outcome, Rejection):
            assert versions.items() <= {k: s.version for k, s in place.channels.items()}.items()
            assert outcome.valid_until is None or outcome.valid_until > place.now
            return
        for key, part in outcome.parts.items():
            numbers = [event.version for event in part.events]
            first = versions.get(key, 0) + 1
            assert numbers == list(range(first, first + len(numbers)))

    def check(self) -> None:
        self.place.check()
        self._check_moments()
        self._check_nights()

    def _act(self) -> Decision | Rejection:
        chance, place = self.chance, self.place
        who, key = chance.choice(PEOPLE), chance.choice(KEYS)
        sections = chance.sample(SECTIONS, chance.choice((1, 1, 2)))
        quantities = {"p": chance.randint(1, 3)} if "p" in sections else {}
        match chance.randrange(12):
            case 0 | 1:
                return place.try_book(*sections, at=key, by=who, quantities=quantities)
            case 2 | 3:
                request = HoldRequest(
                    date=key.date,
                    slot_id=key.slot,
                    section_ids=sections,
                    ttl_seconds=chance.choice((20, 300)),
                )
                return place.run(
                    HoldSections(
                        channel=key,
                        asker=who,
                        request=request,
                        customer_id=who.customer_id,
                        hold_id=self._id("h"),
                    )
                )
            case 4 if (blocks := self._blocks()) and chance.random() < 0.7:
                key, block_id = chance.choice(blocks)
                return place.run(
                    RemoveBlock(channel=key, asker=STAFF, block_id=block_id, record=None)
                )
            case 4:
                block = BlockRequest(
                    date=key.date,
                    slot_id=key.slot,
                    section_ids=sections[:1],
                    on_conflict=chance.choice(list(OnConflict)),
                )
                return place.run(
                    BlockSections(channel=key, asker=STAFF, request=block, block_id=self._id("k"))
                )
            case 5 if len(bookings := self._bookings()) > 8:
                return place.end(chance.choice(bookings), by=STAFF)
            case 6 if chance.random() < 0.3:
                series = series_of(*sections[:1], dates=DATES, slot=key.slot, by=who)
                ids = tuple((self._id("s"), "R") for _date in DATES)
                return place.run(msgspec.structs.replace(series, bookings=ids))
            case _:
                return self._move(key, sections)

    def _move(self, key: ChannelKey, sections: list[str]) -> Decision | Rejection:
        bookings = self._bookings()
        if not bookings:
            return self.place.try_book("s1", at=key, by=STAFF)
        booking = self.place.booking(self.chance.choice(bookings))
        owner = booking.customer_id
        by = STAFF if owner is None or self.chance.random() < 0.3 else customer(owner)
        keep = self.chance.random() < 0.5
        before = booking.revision
        outcome = self.place.try_move(booking.id, key, *([] if keep else sections), by=by)
        if isinstance(outcome, Decision) and outcome.parts:
            after = self.place.booking(booking.id)
            assert after.channel == key
            assert after.revision == before + 1
            if keep:
                assert after.claims == booking.claims
            self.moved += 1
        elif isinstance(outcome, Rejection):
            assert self.place.booking(booking.id) is booking
            assert outcome.code is not Code.BOOKING_NOT_FOUND
        return outcome

    def _bookings(self) -> list[str]:
        return [
            record.id
            for state in self.place.channels.values()
            for record in state.records.values()
            if isinstance(record, BookingRecord)
        ]

    def _blocks(self) -> list[tuple[ChannelKey, str]]:
        return [
            (key, record.id)
            for key, state in self.place.channels.items()
            for record in state.records.values()
            if isinstance(record, BlockRecord)
        ]

    def _id(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}{self._number}"

    def _check_moments(self) -> None:
        """At every start of a slot, of all that runs then."""
        venue, taken = self.place.venue, defaultdict[str, list[tuple[str, str, int]]](list)
        for key, state in self.place.channels.items():
            day = day_of(venue, key.date, key.slot)
            for record in state.records.values():
                if day is not None and isinstance(record, HoldRecord | BookingRecord):
                    for section_id, quantity in record.claims.items():
                        taken[section_id].append((day.starts_at, day.ends_at, quantity))
        for section_id, stays in taken.items():
            for moment, _end, _quantity in stays:
                there = sum(n for start, end, n in stays if start <= moment < end)
                assert there <= venue.units[section_id].total, (section_id, moment)

    def _check_nights(self) -> None:
        """What is counted is what the records of the night say, but for what is past its time."""
        now = self.place.now
        for key, quota in self.place.quotas.items():
            found = {id_: x for id_, (x, until) in quota.entries.items() if not _over(until, now)}
            assert key.date is None or found == {
                record.id: tables_of(self.place.venue, record.slot, record.claims, record.id)
                for state in self.place.channels.values()
                for record in state.records.values()
                if isinstance(record, HoldRecord | BookingRecord)
                and (record.customer_id, record.date) == (key.customer_id, key.date)
                and not _over(counts_until(record), now)
            }


def _over(until: str | None, now: str) -> bool:
    return until is not None and until <= now


POLICIES = [
    Policy(),
    Policy(max_tables_per_customer_per_date=3),
    Policy(requires_approval=True, approval_ttl_seconds=200, max_tables_per_customer_per_date=4),
]


def test_thousands_of_moves_sell_nothing_twice_and_lose_nothing() -> None:
    for number, policy in enumerate(POLICIES):
        shuffle = Shuffle(policy, random.Random(number))
        for step in range(1000):
            shuffle.step()
            if step % 10 == 0:
                shuffle.check()
        assert shuffle.moved > 50


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    chance=st.randoms(use_true_random=False),
    steps=st.integers(1, 40),
    policy=st.sampled_from(POLICIES),
)
def test_whatever_moves(chance: random.Random, steps: int, policy: Policy) -> None:
    shuffle = Shuffle(policy, chance)
    for _ in range(steps):
        shuffle.step()
        shuffle.check()
