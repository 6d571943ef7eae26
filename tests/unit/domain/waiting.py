"""A floor with a waitlist: joining, leaving, offers taken and left, the leader's duty."""

from __future__ import annotations

import itertools
from typing import Any

from tests.unit.domain.build import CONTACT, DATE, Floor, accepted, customer

from command_api.domain.commands import (
    AcceptOffer,
    Asker,
    DeclineOffer,
    JoinWaitlist,
    LeaveWaitlist,
    ServeWaitlist,
)
from command_api.domain.decision import Decision, Rejection
from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.waitlist.offers import entry_of
from holdfast.contracts.bookings import Booking, ConfirmRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import SectionKind, WaitlistStatus
from holdfast.contracts.venues import Policy, Section
from holdfast.contracts.waitlist import WaitlistEntry, WaitlistRequest

ZOE = customer("zoe")
"""Whoever has what others wait for."""
TABLES = [
    Section(section_id="two", kind=SectionKind.TABLE, party_min=1, party_max=2),
    Section(section_id="four", kind=SectionKind.TABLE, party_min=2, party_max=4),
    Section(section_id="six", kind=SectionKind.TABLE, party_min=3, party_max=6),
]


def tables(*sizes: int) -> list[Section]:
    """Tables `t0`, `t1`, … for parties of at most so many."""
    return [
        Section(section_id=f"t{n}", kind=SectionKind.TABLE, party_max=size)
        for n, size in enumerate(sizes)
    ]


class Queue(Floor):
    """A floor where customers wait. Their entries are `e1`, `e2`, …"""

    def __init__(self, *args: Any, **changes: Any) -> None:
        changes.setdefault("sections", TABLES)
        changes.setdefault("categories", [])
        super().__init__(*args, **changes)
        self._entries = itertools.count(1)

    def try_join(
        self,
        name: str | None,
        size: int,
        *categories: str,
        by: Asker | None = None,
        at: ChannelKey | None = None,
    ) -> Decision | Rejection:
        key = at or self.state.key
        return self.run(
            JoinWaitlist(
                channel=key,
                asker=by or customer(name or ""),
                request=WaitlistRequest(
                    date=DATE, slot_id=key.slot, party_size=size, category_ids=list(categories)
                ),
                customer_id=name,
                entry_id=f"e{next(self._entries)}",
            )
        )

    def join(self, name: str | None, size: int, *categories: str, **more: Any) -> WaitlistEntry:
        answer = accepted(self.try_join(name, size, *categories, **more)).answer
        assert isinstance(answer, WaitlistEntry)
        return answer

    def leave(self, entry_id: str, by: Asker) -> Decision | Rejection:
        return self.run(
            LeaveWaitlist(
                channel=self.state.key,
                asker=by,
                entry_id=entry_id,
                record=self._ended(entry_id, EntryRecord),
            )
        )

    def accept(self, offer_id: str, by: Asker, **more: Any) -> Decision | Rejection:
        entry_id = entry_of(offer_id) or ""
        number = next(self._numbers)
        return self.run(
            AcceptOffer(
                channel=self.state.key,
                asker=by,
                entry_id=entry_id,
                offer_id=offer_id,
                request=ConfirmRequest(**{"contact": CONTACT, **more}),
                booking_id=f"b{number}",
                reference=f"REF{number}",
                record=self._ended(entry_id, EntryRecord),
            )
        )

    def decline(self, offer_id: str, by: Asker) -> Decision | Rejection:
        entry_id = entry_of(offer_id) or ""
        return self.run(
            DeclineOffer(
                channel=self.state.key,
                asker=by,
                entry_id=entry_id,
                offer_id=offer_id,
                record=self._ended(entry_id, EntryRecord),
            )
        )

    def serve(self, at: ChannelKey | None = None) -> Decision:
        return accepted(self.run(ServeWaitlist(channel=at or self.state.key)))

    def entry(self, entry_id: str) -> EntryRecord:
        for state in self.channels.values():
            if entry_id in state.entries:
                return state.entries[entry_id]
        record = self.ended[entry_id]
        assert isinstance(record, EntryRecord)
        return record

    def status(self, entry_id: str) -> WaitlistStatus:
        return self.entry(entry_id).status

    def offered(self, entry_id: str) -> list[str]:
        """The sections of the entry's open offer; none where it has none."""
        entry = self.entry(entry_id)
        if entry.status is not WaitlistStatus.OFFERED:
            return []
        hold = self.channels.get(entry.channel).records[entry.hold_id or ""]
        assert isinstance(hold, HoldRecord)
        assert hold.entry_id == entry_id
        return list(hold.claims)

    def book(self, section_id: str, name: str = "zoe") -> Booking:
        hold = self.hold(section_id, by=customer(name))
        return self.confirm(hold.hold_id, by=customer(name))


def full(*sizes: int, **more: Any) -> tuple[Queue, list[str]]:
    """Tables for so many each, all held by Zoe for an hour; the ids of the holds."""
    policy = more.pop("policy", Policy(hold_ttl_seconds=3600, max_ttl_seconds=3600))
    queue = Queue(policy, sections=tables(*sizes), **more)
    queue.venue.policy.max_hold_seconds = 3600
    return queue, [queue.hold(f"t{n}", by=ZOE).hold_id for n in range(len(sizes))]
