"""Holding again what one has just let go of: no endless holding by release and hold, or by expiry and hold.

A section's time runs from a customer's first hold of it, `maxHoldSeconds` in all, until they have left it
alone for `reholdAfterSeconds`: whoever holds it again before that has what is left of the time, and once
nothing is left has to wait. So has who takes it in an overlapping slot. Staff hold as they need to.
"""

from __future__ import annotations

from collections.abc import Iterable

from command_api.domain.commands import Asker
from command_api.domain.decision import Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.recent import LetGo, let_go
from command_api.domain.records import HoldRecord
from command_api.domain.times import earliest, later
from holdfast.contracts.problems import Code


def time_left(
    draft: Draft,
    asker: Asker,
    customer_id: str | None,
    section_ids: Iterable[str],
    *,
    after: str,
    hold_id: str | None = None,
) -> str | Rejection | None:
    """The end of the time that the customer has for these sections, which are free; None where it begins
    now. Refused where that is not `after` the moment until which they are to be held at least. What
    `hold_id` itself let go of does not count."""
    wanted, left, over, again_at = set(section_ids), None, set[str](), ""
    for section_id, rested_at, gone in _not_rested(draft, asker, customer_id):
        if section_id not in wanted or gone.hold_id == hold_id:
            continue
        left = earliest(left, gone.limit_at)
        if gone.limit_at <= after:
            over.add(section_id)
            again_at = max(again_at, rested_at)
    return _wait(draft, sorted(over), again_at) if over else left


def spent(draft: Draft, asker: Asker, customer_id: str | None) -> set[str]:
    """Sections that the customer has to leave to others for now."""
    return {
        section_id
        for section_id, _, gone in _not_rested(draft, asker, customer_id)
        if gone.limit_at <= draft.now
    }


def _not_rested(
    draft: Draft, asker: Asker, customer_id: str | None
) -> Iterable[tuple[str, str, LetGo]]:
    """What the customer has let go of too short a while ago, and when that has been long enough."""
    rest = draft.venue.policy.rehold_after_seconds
    if asker.is_staff or customer_id is None or not rest:
        return
    for gone in _let_go_by(draft, customer_id):
        for section_id, at in gone.sections.items():
            rested_at = later(at, rest)
            if rested_at > draft.now:
                draft.relies_on_future(rested_at)
                yield section_id, rested_at, gone


def _let_go_by(draft: Draft, customer_id: str) -> Iterable[LetGo]:
    """By holds of this channel and of those that overlap it, with what the draft has ended."""
    for here in (draft, *(draft.at(key) for key in draft.overlaps)):
        yield from here.state.recent.of(customer_id)
        for record in here.records.values():
            if isinstance(record, HoldRecord) and record.customer_id == customer_id:
                gone = let_go(record)
                if gone is not None:
                    yield gone


def _wait(draft: Draft, section_ids: list[str], again_at: str) -> Rejection:
    most = draft.venue.policy.max_hold_seconds
    return Rejection(
        code=Code.HOLD_LIMIT_REACHED,
        detail=f"Held for {most} seconds in all: leave it to others until {again_at}.",
        facts={"max": most, "sectionIds": section_ids, "notBefore": again_at},
        valid_until=again_at,
    )
