"""One command on both sides: the rules decide, the model says what it expects, and both are compared."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.unit.domain.machine.checks import (
    adopt_offers,
    check_capacity,
    check_channels,
    check_decision,
    check_records,
)
from tests.unit.domain.machine.house import CHANNELS
from tests.unit.domain.machine.ledger import Denied
from tests.unit.domain.machine.model import Model
from tests.unit.domain.machine.world import World

from command_api.domain import commands as c
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import BookingRecord, HoldRecord, is_active
from command_api.domain.times import later
from holdfast.contracts.bookings import ItemResult, SeriesResult
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.customers import Erasure
from holdfast.contracts.holds import Hold
from holdfast.contracts.payments import PaymentEventResult
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, HoldStatus
from holdfast.contracts.venues import Policy

_BY_WAITERS = frozenset(
    {
        Code.SECTION_NOT_AVAILABLE,
        Code.CAPACITY_EXCEEDED,
        Code.MAX_TABLES_EXCEEDED,
        Code.HOLD_LIMIT_REACHED,
        Code.BLOCK_CONFLICT,
    }
)
"""What somebody may be denied for because those who wait come first."""
_REPEATABLE = (
    c.ReleaseHold,
    c.MoveBooking,
    c.EditBooking,
    c.CancelBooking,
    c.RescheduleBooking,
    c.CancelSeries,
    c.ImportBooking,
    c.ResolveConflict,
    c.RecordPayment,
    c.RemoveBlock,
    c.JoinWaitlist,
    c.LeaveWaitlist,
    c.DeclineOffer,
    c.ServeWaitlist,
    c.WarnExpiring,
    c.ErasePersonalData,
    c.ExpireRecords,
)
"""Doing these twice changes nothing."""
_SAMPLE = 4
"""Every so many commands it is looked at whether deciding leaves the scope as it was."""


class Runner:
    def __init__(self, policy: Policy) -> None:
        self.model = Model(policy)
        self.world = World(**self._definition())
        self.numbers = 0
        self.unserved: list[ChannelKey] = []
        """Channels whose queue the leader has not looked at since the definition changed."""
        self.steps = 0

    def _definition(self) -> dict[str, Any]:
        model = self.model
        return {
            "policy": model.policy,
            "capacity": model.capacity,
            "prices": model.prices,
            "closed": model.closed,
        }

    @property
    def now(self) -> str:
        return self.world.now

    def new_id(self, prefix: str) -> str:
        self.numbers += 1
        return f"{prefix}{self.numbers:05}"

    def pass_time(self, seconds: int) -> None:
        self.world.now = later(self.world.now, seconds)

    def redefine(self) -> None:
        """The model's definition becomes the venue's, and the leader serves those who wait."""
        self.world.redefine(**self._definition())
        self.unserved = [key for key in CHANNELS if self.model.waiting(key)]
        while self.unserved:
            self.run(c.ServeWaitlist(channel=self.unserved.pop()))

    def run(self, command: c.Command, **more: Any) -> Decision | Rejection:
        world, before, now = self.world, self.model, self.now
        self.steps += 1
        trial = before.copy()
        verdict, expected = _try(trial, command, now, more)
        waiting = before.waiting()
        doubtful = bool(trial.expired and waiting)
        kept = world.encoded() if self.steps % _SAMPLE == 0 else None
        if kept is not None:
            world.try_again(command)
            assert world.encoded() == kept, "deciding changes nothing"
        known = {id_: r for s in world.channels.values() for id_, r in s.records.items()} | {
            id_: r for id_, r in world.ended.items() if not _is_somewhere(world, id_)
        }
        outcome = world.run(command)
        world.decisions.clear()
        if isinstance(outcome, Rejection):
            self._check_rejection(outcome, verdict, doubtful, kept)
            return outcome
        assert verdict is None, (command, verdict, outcome)
        if not outcome.parts:
            self._check_no_change(command, trial)
            return outcome
        model = before.copy()
        expired = self._adopt_ends(model, command, outcome)
        if not waiting:
            assert set(expired) == set(trial.expired), (expired, trial.expired)
        verdict, expected = _try(
            model, command, now, {**more, **_hints(command, outcome, doubtful)}
        )
        assert verdict is None or doubtful, (command, verdict, outcome)
        if not doubtful:
            _check_answer(expected, outcome)
        self.model = model
        bound = not isinstance(command, c.ImportBooking | c.ResolveConflict)
        if isinstance(command, c.ServeWaitlist):
            waiting = before.waiting(command.channel)  # the leader goes from channel to channel
        adopt_offers(model, outcome, waiting, now, bound=bound)
        check_decision(world, command, outcome, known)
        check_capacity(model, before)
        check_records(world, model)
        check_channels(world, model)
        self._check_patience()
        if isinstance(command, _REPEATABLE):
            self._check_again(command, outcome)
        return outcome

    def _check_rejection(
        self, denied: Rejection, verdict: Code | None, doubtful: bool, kept: bytes | None
    ) -> None:
        """Who is denied is told why; what is past its time denies nobody."""
        allowed = verdict is not None and denied.code is verdict
        codes = {denied.code, *(item["code"] for item in denied.facts.get("items", ()))}
        assert allowed or (doubtful and codes & _BY_WAITERS), (verdict, denied)
        assert denied.detail.endswith(".")
        assert denied.valid_until is None or denied.valid_until > self.now
        assert denied.valid_from is None or denied.valid_from <= self.now
        assert kept is None or self.world.encoded() == kept, "a rejection changes nothing"

    def _check_no_change(self, command: c.Command, trial: Model) -> None:
        """The model would not have changed anything either, unless it was only asked."""
        dry = isinstance(command, c.HoldSections) and command.request.dry_run
        kept = (self.model.records, sorted(self.model.spans, key=repr))
        assert dry or (trial.records, sorted(trial.spans, key=repr)) == kept, command

    def _adopt_ends(self, model: Model, command: c.Command, outcome: Decision) -> list[str]:
        """What the rules expired has to be past its time; when it is expired is theirs to say."""
        ended = [
            record.id
            for record in outcome.records
            if isinstance(record, HoldRecord | BookingRecord)
            and record.status in (HoldStatus.EXPIRED, BookingStatus.EXPIRED)
            and record.id in model.records
            and model.records[record.id]["status"] in ("active", "pending_approval")
        ]
        own = getattr(command, "record_id", None) or getattr(command, "hold_id", None)
        for id_ in ended:
            assert model.is_due(id_, self.now), id_
            if id_ != own:
                model.expire(id_)
        return ended

    def _check_patience(self) -> None:
        """Nobody waits for what is free; limits may let somebody wait."""
        model, policy = self.model, self.model.policy
        limited = policy.max_tables_per_customer_per_date or policy.max_active_holds_per_customer
        if limited or self.unserved:
            return
        for id_ in model.waiting():
            entry = model.records[id_]
            assert not model.could_have(entry, self.now), entry

    def _check_again(self, command: Any, first: Decision) -> None:
        """The same once more: the same answer, and nothing is written."""
        if isinstance(command, c.JoinWaitlist) and command.customer_id is None:
            return  # guests without an account each wait by themselves
        changes: dict[str, Any] = {}
        for name in ("booking_id", "hold_id", "block_id", "entry_id", "conflict_id", "record_id"):
            if hasattr(command, "record") and hasattr(command, name):
                changes["record"] = self.world.ended_as(getattr(command, name))
        if isinstance(command, c.ErasePersonalData):
            changes["records"] = tuple(self.world.ended[record.id] for record in command.records)
        if isinstance(command, c.CancelSeries):
            found = [self.world.record(id_) for _, id_ in command.bookings]
            active = [r for r in found if r is not None and is_active(r)]
            changes["bookings"] = tuple((r.channel, r.id) for r in active)
            changes["ended"] = tuple(r for r in found if r is not None and not is_active(r))
        if isinstance(command, c.RescheduleBooking):
            changes["channel"] = command.to
        again = self.world.try_again(msgspec.structs.replace(command, **changes))
        assert isinstance(again, Decision), (command, again)
        assert not again.parts, (command, again)
        if isinstance(command, c.MoveBooking | c.CancelBooking | c.RemoveBlock):
            assert again.answer == first.answer
        if isinstance(command, c.RecordPayment) and isinstance(again.answer, PaymentEventResult):
            assert again.answer.outcome in ("duplicate", "ignored")


def _is_somewhere(world: World, id_: str) -> bool:
    return any(id_ in state.records for state in world.channels.values())


def _try(
    model: Model, command: c.Command, now: str, more: dict[str, Any]
) -> tuple[Code | None, Any]:
    try:
        return None, model.carry_out(command, now, **more)
    except Denied as denied:
        return denied.code, None


def _hints(command: c.Command, outcome: Decision, doubtful: bool) -> dict[str, Any]:
    """What came of it where those who wait may have come first."""
    match outcome.answer:
        case _ if not doubtful:
            return {}
        case Hold(items=items) if isinstance(command, c.HoldSections):
            return {"chosen": [item.section_id for item in items]}
        case SeriesResult(items=items) if isinstance(command, c.BookSeries):
            return {"booked": [item.booking_id is not None for item in items]}
        case ItemResult(conflict_id=str()):
            return {"contested": True}
        case PaymentEventResult(outcome="late"):
            return {"late": True}
    return {}


def _check_answer(expected: Any, outcome: Decision) -> None:
    match outcome.answer:
        case SeriesResult(items=items) if expected is not None:
            assert [item.code for item in items] == expected
        case PaymentEventResult(outcome=told):
            assert told == expected
        case ItemResult() | Erasure() | _:
            pass
