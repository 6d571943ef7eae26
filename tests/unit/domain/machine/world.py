"""The rules' side of the machine: channels and quotas in memory, moved on by decisions."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.unit.domain.build import Floor, Opened
from tests.unit.domain.machine.house import CHANNELS, define
from tests.unit.domain.plain import Reader

from command_api.domain.commands import Command
from command_api.domain.decide import decide
from command_api.domain.decision import Decision, Rejection
from command_api.domain.evolve import count_record
from command_api.domain.model import ChannelState, Quota, QuotaKey
from command_api.domain.records import Record
from command_api.domain.views.snapshot import staff_snapshot
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.snapshots import StaffSection

_encode = msgspec.json.Encoder(order="sorted").encode


class World(Floor):
    """A floor whose definition can change: quotas are counted anew then, as where they are loaded."""

    def __init__(self, **definition: Any) -> None:
        super().__init__(key=CHANNELS[0])
        self.venue = define(**definition)
        self.quotas = Opened[QuotaKey, Quota](self._counted)
        for key in CHANNELS:
            self.channels.get(key)
        self.readers = {key: Reader(self.shown(key)) for key in CHANNELS}

    def redefine(self, **definition: Any) -> None:
        """What readers do then, too: fetch everything anew."""
        revision = self.venue.revision + 1
        self.venue = define(**definition)
        self.venue.revision = revision
        self.quotas.clear()
        for key in CHANNELS:
            self.readers[key] = Reader(self.shown(key))
            self.readers[key].version = self.channels[key].version

    def try_again(self, command: Command) -> Decision | Rejection:
        """Decide, and leave it at that."""
        return decide(self.scope(command.channel), command, self.now)

    def shown(self, key: ChannelKey) -> dict[str, StaffSection]:
        snapshot = staff_snapshot(
            self.venue, self.channels.get(key), epoch="e", cursor=None, server_time=self.now
        )
        return {section.section_id: section for section in snapshot.sections}

    def record(self, id_: str) -> Record | None:
        """Wherever it is."""
        for state in self.channels.values():
            if id_ in state.records:
                return state.records[id_]
        return self.ended.get(id_)

    def ended_as(self, id_: str) -> Any:
        """What goes with a command: the record, where it has ended."""
        if any(id_ in state.records for state in self.channels.values()):
            return None
        return self.ended.get(id_)

    def place_of(self, id_: str) -> ChannelKey:
        record = self.record(id_)
        return self.state.key if record is None else record.channel

    def encoded(self) -> bytes:
        """All channels, but for tallies, which are counted when first asked for."""
        states: list[Any] = [
            (
                key,
                s.version,
                s.updated_at,
                s.claims,
                s.records,
                sorted(s.entries),
                sorted(s.waiting),
            )
            for key, s in sorted(self.channels.items())
        ]
        return _encode(states)

    def quotas_hold(self) -> None:
        """What is kept of them is what counting anew gives, but for what is past its time."""
        for key, quota in self.quotas.items():
            found = {
                id_: (n, end) for id_, (n, end) in quota.entries.items() if not self._past(end)
            }
            counted = self._counted(key).entries
            assert found == {id_: x for id_, x in counted.items() if not self._past(x[1])}, key

    def _past(self, end: str | None) -> bool:
        return end is not None and end <= self.now

    def _counted(self, key: QuotaKey) -> Quota:
        quota = Quota(key, self.venue.revision)
        for state in self.channels.values():
            for record in state.records.values():
                count_record(quota, self.venue, record)
        return quota

    def tallies_hold(self, state: ChannelState) -> None:
        """Tallies say what counting anew would."""
        for section_id, tally in state.tallies.items():
            claims = state.claims.get(section_id, {}).values()
            assert tally.taken == sum(claim.quantity for claim in claims)
