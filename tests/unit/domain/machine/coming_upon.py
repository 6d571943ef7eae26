"""A scene of the machine: a house full of holds whose time is up, with people who wait, and somebody who
comes upon several of these holds with one command."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.unit.domain.build import MANAGER, STAFF, customer
from tests.unit.domain.machine.acting import picks
from tests.unit.domain.machine.house import CHANNELS, LEAVES, ROW, sold_at
from tests.unit.domain.machine.ledger import meet
from tests.unit.domain.machine.scenes import Scenes

from command_api.domain import commands as c
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldChange
from holdfast.contracts.states import OnConflict

_VERBS = ("hold", "hold", "request", "change", "import", "resolve", "block", "reschedule", "pay")
_THINGS = (*ROW, *ROW, *ROW, "p", "m", "s", "u", "t", "t-2")
things = st.lists(st.sampled_from(_THINGS), min_size=1, max_size=3, unique=True).filter(
    lambda ids: not {"t", "t-2"} <= set(ids)
)
held = st.lists(st.tuples(picks, things), min_size=1, max_size=3)
waiting = st.lists(st.tuples(picks, st.sampled_from([1, 2, 2, 2, 3, 3])), min_size=1, max_size=2)


class ComingUpon(Scenes):
    @rule(
        key=st.sampled_from(CHANNELS[:3]),
        held=held,
        free=st.sets(st.sampled_from(_THINGS), max_size=2),
        waiting=waiting,
        ids=things.filter(lambda ids: len(ids) > 1),
        verb=st.sampled_from(_VERBS),
        pick=picks,
    )
    def somebody_comes_upon_what_is_due(
        self,
        key: ChannelKey,
        held: list[tuple[int, list[str]]],
        free: set[str],
        waiting: list[tuple[int, int]],
        ids: list[str],
        verb: str,
        pick: int,
    ) -> None:
        by = customer("ann") if pick % 3 == 0 else STAFF
        own = self._begin(verb, key, by, ids, pick)
        for number, some in held:
            there = _near(key, number)
            self.hold_plainly(there, STAFF, [s for s in some if sold_at(there, s)], ttl_seconds=10)
        self._book_the_rest(key, free)
        for number, size in waiting:
            self.join(_near(key, number), STAFF, size, [], 1)
        self.runner.pass_time(11)
        self._come(verb, key, by, own, ids, pick)

    def _begin(self, verb: str, key: ChannelKey, by: c.Asker, ids: list[str], pick: int) -> str:
        """What they have already, or had, where they need it. Its id."""
        match verb:
            case "change":
                return self.hold_plainly(key, by, [LEAVES[pick % len(LEAVES)]])
            case "reschedule":
                start = CHANNELS[pick % len(CHANNELS)]
                few = [s for s in ids if sold_at(start, s)]
                return self.book(start, by, few, by.customer_id, {})
            case "pay":
                own = self.hold_plainly(key, by, ids, ttl_seconds=10)
                self.runner.pass_time(11)
                self.run(c.ExpireRecords(channel=key, record_ids=(own,)))
                return own
            case "resolve":
                other = self.book(key, MANAGER, [ids[0]], None, {})
                self.import_(key, ids, 1, paid=False, vip=False, pick=pick)
                self.cancel_plainly(other, MANAGER)
                return next(reversed(self.runner.model.of_kind("conflict")), "")
        return ""

    def _book_the_rest(self, key: ChannelKey, free: set[str]) -> None:
        model = self.runner.model
        for leaf in LEAVES:
            left = 0 if leaf in free else model.left(key, leaf)
            if left:
                self.book(key, MANAGER, [leaf], None, {leaf: left} if left > 1 else {})

    def _come(
        self, verb: str, key: ChannelKey, by: c.Asker, own: str, ids: list[str], pick: int
    ) -> None:
        match verb:
            case "hold":
                self.hold_plainly(key, by, ids)
            case "request":
                self.book(key, by, ids, by.customer_id, {})
            case "change":
                leaves = [s for s in ids if s in LEAVES]
                self.change_plainly(own, by, HoldChange(add=leaves))
            case "import":
                self.import_(key, ids, 1, paid=False, vip=False, pick=pick)
            case "resolve" if own:
                self.resolve_plainly(own, None)
            case "block":
                self.block(key, MANAGER, ids, list(OnConflict)[pick % len(OnConflict)])
            case "reschedule":
                self.reschedule_plainly(own, by, key, ids)
            case "pay":
                self.pay_plainly(own, "late")


def _near(key: ChannelKey, number: int) -> ChannelKey:
    """The channel, or one that overlaps it."""
    near = [other for other in CHANNELS if meet(key, other)]
    return key if number % 3 else near[number % len(near)]
