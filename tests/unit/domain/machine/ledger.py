"""The plain model's memory: who has what from when until when, and a small dict for each record.

There are no mirrors here, no drafts, no counts: a section is a list of spans of time, and a channel shows
those that meet its own window.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.unit.domain.machine.house import (
    CAPACITY,
    LEAVES,
    PRICES,
    SEATS,
    WINDOWS,
    sold_at,
    tables_of,
)

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

Rec = dict[str, Any]
_STATES = {"block": "blocked", "confirmed": "confirmed", "pending": "pending_approval"}
ACTIVE = frozenset({"active", "pending_approval", "confirmed", "checked_in"})
"""Of holds and bookings: those with claims."""


class Denied(Exception):
    """The model says no."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


class Span(NamedTuple):
    """`only`: a block that waits, and lies in that one channel ahead of time."""

    section: str
    home: ChannelKey
    owner: str
    kind: str
    quantity: int
    expires: str | None
    only: ChannelKey | None = None


class View(NamedTuple):
    state: str
    available: int
    total: int
    over: int
    held_until: str | None


def meet(one: ChannelKey, other: ChannelKey) -> bool:
    return WINDOWS[one][0] < WINDOWS[other][1] and WINDOWS[other][0] < WINDOWS[one][1]


def lies_in(span: Span, key: ChannelKey) -> bool:
    return meet(span.home, key) if span.only is None else span.only == key


class Ledger:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.spans: list[Span] = []
        self.records: dict[str, Rec] = {}
        self.capacity = dict(CAPACITY)
        self.prices = dict(PRICES)
        self.closed: frozenset[ChannelKey] = frozenset()
        self.clock = ""
        self.expired: list[str] = []
        """Records that the command at hand expired."""
        self.away: list[Span] = []
        """What a booking has that is about to move: in its own way it is not, in that of blocks it is."""

    def copy(self) -> Any:
        """Records' values are replaced, never changed, but for the dicts themselves."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.spans = list(self.spans)
        other.records = {id_: dict(record) for id_, record in self.records.items()}
        other.capacity, other.prices = dict(self.capacity), dict(self.prices)
        other.expired = []
        return other

    def of_kind(self, kind: str, *statuses: str) -> list[str]:
        """Ids, oldest first."""
        return [
            id_
            for id_, record in self.records.items()
            if record["kind"] == kind and (not statuses or record["status"] in statuses)
        ]

    def seen(self, key: ChannelKey, section_id: str) -> list[Span]:
        """What the channel shows on the section."""
        if not sold_at(key, section_id):
            return []
        return [span for span in self.spans if span.section == section_id and lies_in(span, key)]

    def guests(self, key: ChannelKey, section_id: str) -> list[Span]:
        """All but blocks."""
        return [span for span in self.seen(key, section_id) if span.kind != "block"]

    def peak(self, key: ChannelKey, section_id: str, without: Any = ()) -> int:
        """Units taken at the fullest moment of the channel's window."""
        spans = [span for span in self.guests(key, section_id) if span.owner not in without]
        if len(spans) < 2:
            return sum(span.quantity for span in spans)
        starts = {max(WINDOWS[key][0], WINDOWS[span.home][0]) for span in spans}
        return max(
            (
                sum(
                    span.quantity
                    for span in spans
                    if WINDOWS[span.home][0] <= moment < WINDOWS[span.home][1]
                )
                for moment in starts
            ),
            default=0,
        )

    def left(self, key: ChannelKey, section_id: str, without: Any = ()) -> int:
        """Units that can be had."""
        if any(span.kind == "block" for span in self.seen(key, section_id)):
            return 0
        if self.capacity[section_id] > 1 and self.awaited(key, section_id):
            return 0
        return max(0, self.capacity[section_id] - self.peak(key, section_id, without))

    def awaited(self, key: ChannelKey, section_id: str) -> bool:
        """Whether a block waits for the section in this channel."""
        return any(
            self.records[id_]["at"] == key and section_id in self.records[id_]["waiting"]
            for id_ in self.of_kind("block", "active")
        )

    def view(self, key: ChannelKey, section_id: str) -> View:
        """As a snapshot should show it."""
        if section_id == "t":
            here = [self.seen(key, seat) for seat in SEATS]
            free, total = sum(not spans for spans in here), len(SEATS)
            spans, over = [span for seat in here for span in seat], 0
        else:
            spans, total = self.seen(key, section_id), self.capacity[section_id]
            taken = self.peak(key, section_id)
            blocked = any(span.kind == "block" for span in spans)
            free, over = 0 if blocked else max(0, total - taken), max(0, taken - total)
        if free:
            return View("available", free, total, 0, None)
        kinds = {span.kind for span in spans}
        state = next((_STATES[kind] for kind in _STATES if kind in kinds), "held")
        ends = [span.expires for span in spans if span.kind == "hold" and span.expires]
        return View(state, 0, total, over, min(ends) if state == "held" else None)

    def put(self, id_: str, kind: str, claims: dict[str, int], expires: str | None) -> None:
        """The record takes these sections, in its own window."""
        home = self.records[id_]["at"]
        self.spans += [Span(s, home, id_, kind, n, expires) for s, n in claims.items()]

    def take_away(self, id_: str) -> None:
        """All that the record has; blocks that wait move in where the last guest has left."""
        self.settle(self.pick_up(id_))

    def pick_up(self, id_: str) -> list[Span]:
        """All that the record has, which is in nobody's way any more."""
        had = [span for span in self.spans if span.owner == id_]
        self.spans = [span for span in self.spans if span.owner != id_]
        return had

    def settle(self, had: list[Span]) -> None:
        """Blocks that wait move in; `had` is what the command took away, and may have laid again."""
        for id_ in self.of_kind("block", "active"):
            block = self.records[id_]
            at = block["at"]
            away = {span.section for span in self.away if meet(span.home, at)}
            due = [s for s in block["waiting"] if s not in away and not self.guests(at, s)]
            if due:
                self.spans = [x for x in self.spans if x.owner != id_ or x.section not in due]
                block["waiting"] = [s for s in block["waiting"] if s not in due]
                block["claims"] = block["claims"] | {s: self.capacity[s] for s in due}
                self.put(id_, "block", {s: self.capacity[s] for s in due}, None)
            self.lie_ahead(id_, [s for s in block["waiting"] if self._is_left(at, s, had)])

    def _is_left(self, at: ChannelKey, leaf: str, had: list[Span]) -> bool:
        """Whether somebody left the section in this very channel: a block hears of no others."""
        return any(
            span.section == leaf
            and lies_in(span, at)
            and not any(
                (now.owner, now.section) == (span.owner, leaf) and lies_in(now, at)
                for now in self.spans
            )
            for span in had
        )

    def lie_ahead(self, id_: str, leaves: list[str]) -> None:
        """What a block waits for it has already in overlapping slots where nobody is, or is no more."""
        block = self.records[id_]
        for leaf in leaves:
            for key in WINDOWS:
                near = key != block["at"] and meet(key, block["at"]) and sold_at(key, leaf)
                here = any(span.section == leaf and meet(span.home, key) for span in self.away)
                if near and not here and not self.guests(key, leaf):
                    ahead = Span(leaf, block["at"], id_, "block", 1, None, only=key)
                    if ahead not in self.spans:
                        self.spans.append(ahead)

    def expire(self, id_: str) -> None:
        """The end of a hold or request by its time."""
        record = self.records[id_]
        record["status"] = "expired"
        if record["kind"] == "hold":
            record["ended"] = record["expires"]
            self.entry_of(record, "expired")
            record["refund_due"] = record["paid"]
        else:
            self.owe(record)
        self.expired.append(id_)
        self.take_away(id_)

    def owe(self, booking: Rec) -> None:
        if booking["payment"] == "paid":
            booking["payment"] = "refund_due"

    def entry_of(self, hold: Rec, status: str) -> None:
        """What becomes of an offer becomes of its entry."""
        entry = self.records.get(hold["offer_to"] or "")
        if entry is not None and entry["status"] == "offered":
            entry["status"] = status
            if status == "waiting":
                entry["hold"] = None

    def is_due(self, id_: str, now: str) -> bool:
        """Whether its time is up: it is in nobody's way then."""
        record = self.records[id_]
        waits = record["status"] in ("active", "pending_approval")
        return waits and record["kind"] in ("hold", "booking") and record["expires"] <= now

    def make_room(self, key: ChannelKey, section_id: str, quantity: int, now: str) -> bool:
        """Expire what is due and in the way, the oldest first, as much as needed."""
        while self.left(key, section_id) < quantity:
            due = sorted(
                (span.expires, span.owner)
                for span in self.seen(key, section_id)
                if span.expires is not None and span.expires <= now
            )
            if not due:
                return False
            self.expire(due[0][1])
        return True

    def tables(self, customer: str, date: str, now: str, without: str | None = None) -> set[str]:
        """Of one customer and date, over all slots."""
        return {
            name
            for id_, record in self.records.items()
            if record["kind"] in ("hold", "booking")
            and id_ != without
            and (record["customer"], record["at"].date) == (customer, date)
            and record["status"] in ACTIVE | {"conflicted"}
            and not (record["kind"] == "hold" and record["status"] == "confirmed")
            and not self.is_due(id_, now)
            for name in tables_of(record["at"].slot, record["claims"], id_)
        }

    def holds(self, customer: str, now: str) -> int:
        return sum(
            self.records[id_]["customer"] == customer and not self.is_due(id_, now)
            for id_ in self.of_kind("hold", "active")
        )

    def price(self, section_id: str) -> int:
        leaves = SEATS if section_id == "t" else (section_id,)
        return sum(self.prices.get(leaf, 0) for leaf in leaves)

    def free_leaves(self, key: ChannelKey, now: str) -> list[str]:
        """In layout order, pools left out; what is due counts as free."""
        due = {id_ for id_ in self.records if self.is_due(id_, now)}
        return [
            leaf
            for leaf in LEAVES
            if leaf != "p" and sold_at(key, leaf) and self.left(key, leaf, due) > 0
        ]
