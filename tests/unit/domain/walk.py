"""A random walk: commands of all kinds by several people, right and wrong ones, while time passes."""

from __future__ import annotations

import random

import msgspec
from tests.unit.domain.build import MANAGER, STAFF, Floor, customer
from tests.unit.domain.life import Verb, edit, move, try_request
from tests.unit.domain.plain import Reader, should_be

from command_api.domain.commands import Asker
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import (
    BlockRecord,
    BookingRecord,
    ConflictRecord,
    HoldRecord,
    is_active,
)
from command_api.domain.times import later
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import ClaimKind, OnConflict
from holdfast.contracts.venues import Policy, Slot

PEOPLE = [customer(name) for name in ("ann", "bob", "cat", "dan")] + [STAFF, MANAGER]
SECTIONS = [
    *("t1", "t1-1", "t1-2", "t1-3", "t1-4", "t2", "t2-1", "t2-2"),
    *("s1", "s2", "s3", "p", "m", "a1", "a2", "a3", "a4", "a5", "a6"),
]
POLICIES = [
    Policy(),
    Policy(requires_approval=True, approval_ttl_seconds=200, max_hold_seconds=400),
    Policy(max_tables_per_customer_per_date=3, max_active_holds_per_customer=4),
    Policy(max_sections_per_hold=4, hold_ttl_seconds=60, orphan_seats=False),
]
VERBS: list[Verb] = ["approve", "decline", "check-in", "complete", "no-show"]
TIME_RULES = {Code.SECTION_NOT_AVAILABLE, Code.BLOCK_CONFLICT}


class Walk:
    """A floor with all that must hold of it checked after every command."""

    def __init__(self, policy: Policy, chance: random.Random) -> None:
        slot = Slot(slot_id="late", start="27:00", end="35:00")
        self.floor = Floor(policy, slots=[slot])
        self.reader = Reader(self.floor.sections())
        self.chance = chance
        self.ids = ["h0"]

    def step(self) -> None:
        floor, chance = self.floor, self.chance
        floor.now = later(floor.now, chance.choice((0, 0, 0, 1, 5, 40, -10)))
        whole = chance.random() < 0.01
        before = self._encoded() if whole else b""
        version = floor.state.version
        claims = {section: list(here.values()) for section, here in floor.state.claims.items()}
        known = len(floor.decisions)
        outcome = self._command()
        if isinstance(outcome, Rejection):
            assert floor.state.version == version
            assert len(floor.decisions) == known
            self._check_rejection(outcome, claims)
            if whole:
                assert self._encoded() == before
        else:
            self._check_decision(outcome, claims)
        floor.decisions.clear()

    def check_all(self) -> None:
        """Every section, against the reader and against the plain rules."""
        claims = {id_: list(here.values()) for id_, here in self.floor.state.claims.items()}
        for section_id, section in self.floor.sections().items():
            assert self.reader.agrees_with(section)
            self._check_section(section_id, claims)
        taken = {
            (section_id, claim.claim_id): claim.quantity
            for section_id, here in claims.items()
            for claim in here
        }
        self._check_waiting(claims)
        records = self.floor.state.records.values()
        assert all(map(is_active, records))
        assert taken == {
            (section_id, record.id): quantity
            for record in records
            if isinstance(record, HoldRecord | BookingRecord | BlockRecord)
            for section_id, quantity in record.claims.items()
        }

    def _check_waiting(self, claims: dict[str, list[Claim]]) -> None:
        """Blocks wait for what somebody has, and for nothing else."""
        state = self.floor.state
        for block in state.waiting.values():
            for section_id in block.waiting:
                assert section_id not in block.claims
                here = claims.get(section_id, [])
                assert any(claim.kind is not ClaimKind.BLOCK for claim in here)
        blocks = [r for r in state.records.values() if isinstance(r, BlockRecord) and r.waiting]
        assert list(state.waiting.values()) == blocks

    def _command(self) -> Decision | Rejection:
        floor, chance = self.floor, self.chance
        kind = chance.random()
        if kind < 0.45:
            return self._request() if kind < 0.06 else self._hold()
        if kind < 0.50:
            return floor.try_block(
                *chance.sample(SECTIONS, chance.choice((0, 1, 1, 2, 3))),
                by=chance.choice((STAFF, MANAGER)),
                on_conflict=chance.choice(list(OnConflict)),
            )
        if kind < 0.56:
            active = list(floor.state.records)
            return floor.expire(*chance.sample(active, min(3, len(active))))
        id_, who = self._record()
        fitting = {"h": (0, 1, 2), "b": (3,), "r": (3,), "k": (4,)}[id_[0]]
        match chance.choice(fitting) if chance.random() < 0.9 else chance.randrange(5):
            case 0:
                return floor.release(id_, by=who)
            case 1:
                return floor.extend(id_, ttl=chance.choice((None, 10, 200, 5000)), by=who)
            case 2:
                return floor.try_confirm(id_, by=who)
            case 3:
                return self._on_booking(id_, who)
            case _:
                return floor.unblock(id_)

    def _on_booking(self, id_: str, who: Asker) -> Decision | Rejection:
        floor, chance = self.floor, self.chance
        match chance.randrange(8):
            case 0:
                size = chance.choice((1, 2, 3, 9))
                return edit(floor, id_, chance.choice((1, 2)), by=who, party_size=size)
            case 1 | 2 | 3:
                return move(floor, id_, chance.choice(VERBS))
            case _:
                return floor.cancel(id_, by=who)

    def _record(self) -> tuple[str, Asker]:
        """A record, mostly an active one, and somebody, mostly who it belongs to."""
        chance, active = self.chance, list(self.floor.state.records)
        if not active or chance.random() < 0.2:
            return chance.choice(self.ids), chance.choice(PEOPLE)
        id_ = chance.choice(active)
        owner = self.floor.state.records[id_].customer_id
        if owner is None or chance.random() < 0.3:
            return id_, chance.choice(PEOPLE)
        return id_, customer(owner)

    def _hold(self) -> Decision | Rejection:
        chance = self.chance
        who = chance.choice(PEOPLE)
        for_whom = chance.choice(("ann", None)) if who.is_staff else None
        if chance.random() < 0.1:
            wanted = BestAvailable(
                quantity=chance.randint(1, 3),
                adjacent=chance.random() < 0.5,
                category_id=chance.choice((None, "row", "gold")),
            )
            return self.floor.try_hold(by=who, customer_id=for_whom, best_available=wanted)
        sections = chance.choices(SECTIONS, k=chance.choice((1, 1, 1, 2, 3)))
        quantities = {s: chance.randint(1, 3) for s in sections if s in ("p", "m")}
        return self.floor.try_hold(*sections, by=who, customer_id=for_whom, quantities=quantities)

    def _request(self) -> Decision | Rejection:
        chance = self.chance
        who = chance.choice(PEOPLE)
        for_whom = chance.choice(("ann", None)) if who.is_staff else None
        sections = chance.choices(SECTIONS, k=chance.choice((1, 1, 2)))
        quantities = {s: chance.randint(1, 3) for s in sections if s in ("p", "m")}
        return try_request(self.floor, *sections, by=who, for_=for_whom, quantities=quantities)

    def _check_decision(self, decision: Decision, before: dict[str, list[Claim]]) -> None:
        floor = self.floor
        for event in decision.events:
            self.reader.read(event)
            assert 0 <= event.capacity.available <= event.capacity.total
            assert event.updated_at == floor.state.updated_at
        assert floor.state.version == self.reader.version
        changed = {event.section_id for event in decision.events}
        claims = {
            section_id: list(floor.state.claims[section_id].values())
            for section_id in floor.state.claims
        }
        for section_id in changed:
            self._check_section(section_id, claims)
        for record in decision.records:
            if not isinstance(record, ConflictRecord):
                self.ids.append(record.id)
            assert record.version <= floor.state.version
            match record:
                case HoldRecord(revision=1) | BookingRecord(revision=1, hold_id=None):
                    self._check_was_free(record, before)
        del self.ids[:-50]
        last = {notice.object_id: notice for notice in decision.notices}
        for notice in last.values():
            record = next(r for r in decision.records if r.id == notice.object_id)
            assert (notice.revision, notice.version) == (record.revision, record.version)

    def _check_section(self, section_id: str, claims: dict[str, list[Claim]]) -> None:
        here = [claim for claim in claims.get(section_id, []) if claim.kind is not ClaimKind.BLOCK]
        total = self.floor.venue.units[section_id].total
        assert sum(claim.quantity for claim in here) <= total, "sold twice"
        state, available, held_until = should_be(self.floor.venue, claims, section_id)
        seen = self.reader.sections[section_id]
        assert (seen["state"], seen["held_until"]) == (state, held_until)
        assert (seen["capacity"].total, seen["capacity"].available) == (total, available)

    def _check_was_free(
        self, taken: HoldRecord | BookingRecord, before: dict[str, list[Claim]]
    ) -> None:
        """Whatever was there and not due was no obstacle."""
        for section_id, quantity in taken.claims.items():
            live = [c for c in before.get(section_id, []) if not _due(c, taken.created_at)]
            assert all(claim.kind is not ClaimKind.BLOCK for claim in live)
            total = self.floor.venue.units[section_id].total
            assert sum(claim.quantity for claim in live) + quantity <= total

    def _check_rejection(self, denied: Rejection, claims: dict[str, list[Claim]]) -> None:
        """Nobody is denied by what is due, but by the block that waits for it; and everybody is told in a
        sentence."""
        assert denied.detail
        assert denied.detail[-1] == "."
        now = max(self.floor.now, self.floor.state.updated_at)
        if denied.code in TIME_RULES:
            awaited = {id_ for b in self.floor.state.waiting.values() for id_ in b.waiting}
            for section_id in denied.facts["conflictingSections"]:
                live = any(not _due(claim, now) for claim in claims[section_id])
                assert live or section_id in awaited
        if denied.valid_until is not None:
            assert denied.valid_until > now
        if denied.valid_from is not None:
            assert denied.valid_from <= now

    def _encoded(self) -> bytes:
        state = self.floor.state
        return msgspec.json.encode([state.claims, state.records, state.version, state.updated_at])


def _due(claim: Claim, now: str) -> bool:
    return claim.expires_at is not None and claim.expires_at <= now


def ended_bookings(walk: Walk) -> int:
    """How many bookings came to an end: the walk is of use only where it gets that far."""
    return sum(isinstance(record, BookingRecord) for record in walk.floor.ended.values())
