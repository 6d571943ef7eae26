"""Who acts in the machine, on what, and how a rule finds a record to do something with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition
from tests.unit.domain.build import MANAGER, STAFF, customer
from tests.unit.domain.machine.house import CHANNELS, ROW, SECTIONS
from tests.unit.domain.machine.runner import Runner

from command_api.domain import commands as c
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import ActorType

F = TypeVar("F", bound=Callable[..., Any])

KIOSK = c.Asker(Actor(type=ActorType.KIOSK, id="door"), None, True, False)
SERVICE = c.Asker(Actor(type=ActorType.SERVICE, id="sync"), None, True, True)
GUEST = customer("guest", is_guest=True)
NAMES = ("ann", "bob", "cat")
ASKERS = (*(customer(name) for name in NAMES), STAFF, MANAGER, KIOSK, GUEST)

channels = st.sampled_from([*CHANNELS, *CHANNELS[:3], *CHANNELS[:3]])
askers = st.sampled_from([*ASKERS, *ASKERS[:3], *ASKERS[:3]])
picks = st.integers(0, 999)
_WANTED = ("s", "s", "u", "u", "p", "t", "t-2", "m", *ROW)
"""Mostly what others want as well."""
few = st.lists(st.sampled_from(_WANTED), min_size=1, max_size=2, unique=True).filter(
    lambda ids: {"t", "t-2"} != set(ids)
)
any_ = st.lists(st.sampled_from(SECTIONS), min_size=1, max_size=3)
sections = few | few | few | any_
parties = st.sampled_from([None, None, None, 1, 2, 3, 5])
units = st.integers(1, 3)


def has(kind: str, *statuses: str) -> Callable[[F], F]:
    """Whether there is such a record to do something with."""

    def look(machine: Any) -> bool:
        return bool(machine.runner.model.of_kind(kind, *statuses))

    return precondition(look)


class Acting(RuleBasedStateMachine):
    """Ids are picked among those that are there, mostly active ones, and now and then there is none."""

    runner: Runner

    def run(self, command: c.Command, **more: Any) -> None:
        self.runner.run(command, **more)

    def some(self, kind: str, pick: int, *statuses: str) -> tuple[str, c.Asker]:
        """An id, and somebody: mostly one of these statuses, and whoever it belongs to."""
        model = self.runner.model
        ids = model.of_kind(kind, *statuses) if pick % 8 < 7 else model.of_kind(kind)
        ids = ids or model.of_kind(kind)
        if not ids or pick % 50 == 49:
            return "nobody", MANAGER
        id_ = ids[-1 - (pick // 8) % len(ids)]
        owner = model.records[id_]["customer"]
        if owner is None or pick % 5 == 4:
            return id_, ASKERS[pick % len(ASKERS)]
        return id_, customer(owner)

    def for_whom(self, by: c.Asker, pick: int) -> str | None:
        return ("ann", None, "bob")[pick % 3] if by.is_staff else by.customer_id

    def at(self, id_: str) -> ChannelKey:
        return self.runner.world.place_of(id_)

    def ended(self, id_: str) -> Any:
        return self.runner.world.ended_as(id_)


def many(ids: list[str], n: int) -> dict[str, int]:
    return {id_: n for id_ in dict.fromkeys(ids) if id_ in ("p", "m")}
