"""What a publisher did, so that any sight of a client can be compared with the truth at its time."""

from __future__ import annotations

import itertools
from typing import Any, Self

from tests.support.live_publisher import LivePublisher
from tests.support.live_truth import Truth
from tests.support.sse_client import Received

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.events import AvailabilityUpdated, LayoutUpdated
from holdfast.contracts.states import PUBLIC_STATES, SectionState

Sections = dict[str, tuple[str, frozenset[str]]]
"""State and claims by section; the public sees no claims."""


class Sight:
    """Channels as somebody sees them. `take` raises AssertionError at a hole or a double."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.sections: dict[str, Sections] = {}
        self.notices: list[int] = []
        """Revisions of private events."""

    def copy(self) -> Sight:
        """One that goes on by itself."""
        other = Sight()
        other.versions = dict(self.versions)
        other.sections = {name: dict(each) for name, each in self.sections.items()}
        other.notices = list(self.notices)
        return other

    def take(self, received: Received) -> None:
        """The next event."""
        data = received.data
        match received.event:
            case "snapshot":
                assert data["version"] >= self.versions.get(data["channel"], 0), data
                self._take_snapshot(data)
            case "availability.updated":
                self._advance(data)
                self._take_transition(data)
            case "layout.updated":
                self._advance(data)
            case "customer.updated":
                assert not self.notices or data["revision"] > self.notices[-1], (self.notices, data)
                self.notices.append(data["revision"])
            case "checkpoint" | "viewers":
                assert received.event == "checkpoint" or received.id is None, received
            case _:
                raise AssertionError(received)

    def _take_snapshot(self, data: dict[str, Any]) -> None:
        channel = data["channel"]
        self.versions[channel] = data["version"]
        shown = {
            each["sectionId"]: (each["state"], _ids(each.get("claims", ())))
            for each in data["sections"]
        }
        if data.get("partial"):
            shown = {**self.sections.get(channel, {}), **shown}
        self.sections[channel] = shown

    def _advance(self, data: dict[str, Any]) -> None:
        known = self.versions.get(data["channel"])
        assert known in (None, data["version"] - 1), (data["channel"], known, data["version"])
        self.versions[data["channel"]] = data["version"]

    def _take_transition(self, data: dict[str, Any]) -> None:
        sections = self.sections.setdefault(data["channel"], {})
        before = sections.get(data["sectionId"])
        claims: frozenset[str] = frozenset()
        if before is not None:
            assert before[0] == data["previousState"], (before, data)
            claims = before[1]
        claims = claims - set(data.get("claimsRemoved", ())) | _ids(data.get("claimsAdded", ()))
        sections[data["sectionId"]] = (data["newState"], claims)


def _ids(claims: Any) -> frozenset[str]:
    return frozenset(claim["claimId"] for claim in claims)


class Ledger:
    """Publishes on some channels and keeps what it did, version by version."""

    def __init__(self, publisher: LivePublisher, keys: list[ChannelKey], customer: CustomerKey):
        self.publisher = publisher
        self.customer = customer
        self.states: dict[str, list[Sections]] = {}
        """By channel, indexed by version."""
        self.seqs: dict[str, list[int]] = {key.name: [] for key in keys}
        """By channel, of version 1 and on."""
        self.notices: list[tuple[int, int]] = []
        """Sequence and revision."""
        self.newest = 0
        self._under_way: dict[int, int] = {}
        self._tickets = itertools.count()

    async def begin(self, sections: int) -> Self:
        """Make the channels; learn where the stream is."""
        for name in self.seqs:
            key = ChannelKey(*name.split(":")[1:])
            self.states[name] = [_sections(self.publisher.truth(key, sections))]
        await self.notify()
        return self

    def commit(self, key: ChannelKey, section: int) -> AvailabilityUpdated:
        """One transition, not yet published."""
        body = self.publisher.commit(key, section)
        self.states[key.name].append(_sections(self.publisher.truth(key)))
        return body

    def change_layout(self, key: ChannelKey, sections: int) -> LayoutUpdated:
        """Another layout, not yet published."""
        body = self.publisher.commit_layout(key, sections)
        self.states[key.name].append(_sections(self.publisher.truth(key)))
        return body

    async def send(self, key: ChannelKey, body: AvailabilityUpdated | LayoutUpdated) -> None:
        """Publish what was committed."""
        ticket = self._begun()
        await self.publisher.send(key, body)
        seq = self.publisher.truth(key).seq
        self.seqs[key.name].append(seq)
        self._ended(ticket, seq)

    async def notify(self) -> None:
        """One private event."""
        ticket = self._begun()
        seq, revision = await self.publisher.notify_customer(self.customer)
        self.notices.append((seq, revision))
        self._ended(ticket, seq)

    def _begun(self) -> int:
        ticket = next(self._tickets)
        self._under_way[ticket] = self.newest
        return ticket

    def _ended(self, ticket: int, seq: int) -> None:
        del self._under_way[ticket]
        self.newest = max(self.newest, seq)

    def places(self) -> list[int]:
        """Sequences up to which all is known: what is under way gets a higher one."""
        settled = min(self._under_way.values(), default=self.newest)
        seqs = [*itertools.chain(*self.seqs.values()), *(seq for seq, _ in self.notices)]
        return [seq for seq in seqs if seq <= settled]

    def version_at(self, name: str, seq: int) -> int:
        """The version of a channel at a place."""
        return sum(each <= seq for each in self.seqs[name])

    def shown(self, name: str, version: int, *, staff: bool) -> Sections:
        """The channel at a version, as this audience sees it."""
        sections = self.states[name][version]
        if staff:
            return dict(sections)
        return {
            id_: (PUBLIC_STATES[SectionState(state)].value, frozenset())
            for id_, (state, _) in sections.items()
        }


def _sections(truth: Truth) -> Sections:
    return {
        id_: (each.state.value, frozenset(claim.claim_id for claim in each.claims))
        for id_, each in truth.sections.items()
    }
