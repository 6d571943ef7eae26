"""Who let go of what a short while ago: what a channel remembers of holds that ended unconfirmed, so that
releasing a section and holding it again does not begin its time anew (see `again`)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import field

from command_api.domain.records import HoldRecord
from holdfast.contracts.states import HoldStatus

MOST_RECENT = 2_000
"""Holds that one channel remembers; the first ones are forgotten first."""
_UNCONFIRMED = frozenset({HoldStatus.RELEASED, HoldStatus.EXPIRED})


class LetGo(msgspec.Struct, frozen=True):
    """Of one hold: when its customer let go of its sections, and until when it could have had them."""

    hold_id: str
    customer_id: str
    limit_at: str
    sections: dict[str, str]


def let_go(record: HoldRecord) -> LetGo | None:
    """What a customer's hold has let go of; None where there is nothing. Offers of the waitlist do not
    count: nobody asked for that section."""
    if record.customer_id is None or record.entry_id is not None:
        return None
    sections = dict(record.let_go)
    if record.status in _UNCONFIRMED:
        at = min(record.updated_at, record.expires_at)
        sections.update(dict.fromkeys(record.claims, at))
    return LetGo(record.id, record.customer_id, record.limit_at, sections) if sections else None


class Recent(msgspec.Struct):
    """Of one channel: by hold, as they came, and the same by customer."""

    by_hold: dict[str, LetGo] = field(default_factory=dict)
    by_customer: dict[str, dict[str, LetGo]] = field(default_factory=dict)

    def note(self, record: HoldRecord) -> None:
        """Remember what the hold has let go of by now."""
        gone = let_go(record)
        self.forget(record.id)
        if gone is None:
            return
        self.by_hold[record.id] = gone
        self.by_customer.setdefault(gone.customer_id, {})[record.id] = gone
        if len(self.by_hold) > MOST_RECENT:
            self.forget(next(iter(self.by_hold)))

    def forget(self, hold_id: str) -> None:
        """As if it had never been heard of."""
        gone = self.by_hold.pop(hold_id, None)
        if gone is not None:
            theirs = self.by_customer[gone.customer_id]
            del theirs[hold_id]
            if not theirs:
                del self.by_customer[gone.customer_id]

    def of(self, customer_id: str) -> Iterable[LetGo]:
        """What this customer let go of."""
        return self.by_customer.get(customer_id, {}).values()
