"""State that decisions are made on: venues, channels, quotas, and the scope that hands them out.

Times are RFC 3339 UTC strings with milliseconds everywhere in the domain: they sort as text, so
they are compared as text, and nothing is converted on the way to an event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec import field

from command_api.domain.draft.ends import End
from command_api.domain.holds.recent import Recent
from command_api.domain.records import BlockRecord, EntryRecord, HoldRecord, Record
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.venues import Category, Policy, Section, Slot, VenueDefinition


class Unit(msgspec.Struct, frozen=True):
    """A section as rules see it: `total` units; `seats` are the ids of a table's own seats, in
    layout order; a table with seats has no claims of its own and follows them."""

    section: Section
    total: int
    seats: tuple[str, ...]


class Day(msgspec.Struct, frozen=True):
    """A slot on one service date. Customers may book from `opens_at` until before `closes_at`;
    staff until `ends_at`. `sections` are the ids that take part (None: all), tables with the
    seats that they bring; `prices` are the date's own, by section id or category id."""

    slot: Slot
    starts_at: str
    ends_at: str
    opens_at: str
    closes_at: str
    closed: bool
    sections: frozenset[str] | None
    prices: dict[str, int]
    guests: bool = False
    """Whether customers without an account may book."""


class Venue(msgspec.Struct):
    """A venue definition made ready for look-ups. `revision` and `stamp` are its head's."""

    club: str
    venue: str
    revision: int
    layout_version: int
    stamp: int
    updated_at: str
    definition: VenueDefinition
    units: dict[str, Unit]
    """By section id, in layout order."""
    slots: dict[str, Slot]
    categories: dict[str, Category]
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """By slot id, for slots that only some sections take part in: their ids."""
    days: dict[tuple[str, str], Day | None] = field(default_factory=dict)
    """What `day_of` worked out before, by date and slot id."""
    overlaps: dict[tuple[str, str], tuple[ChannelKey, ...]] = field(default_factory=dict)
    """What `overlapping` worked out before, by date and slot id."""
    plans: dict[str, Any] = field(default_factory=dict)
    """What `shapes.plan_of` worked out before, by slot id."""
    shelves: dict[Any, Any] = field(default_factory=dict)
    """What `shelf.py` worked out before, by what was asked of it."""

    @property
    def policy(self) -> Policy:
        return self.definition.policy


class Tally(msgspec.Struct):
    """The claims of one section, counted: units taken, and claims by kind. `barred` of the units are
    blocks'; `elsewhere` are those of overlapping slots' claims, by their channel (None: none yet), blocks
    left out. `ends`: see `ends`, made when it is first asked for."""

    taken: int = 0
    holds: int = 0
    pending: int = 0
    confirmed: int = 0
    blocks: int = 0
    ends: list[End] | None = None
    barred: int = 0
    elsewhere: dict[str, int] | None = None


class ChannelState(msgspec.Struct):
    """One channel at `version`. `claims` has only sections with claims, each by claim id;
    `records` are the active ones whose own channel this is (claims of overlapping slots have theirs
    elsewhere); they come and go by `put` and `drop` only. `position` counts all rows of the channel's
    log (versioned events and notices), `stamp` fences against a history that went back (0, 0: no row
    yet). `tallies` are worked out from the rest on first use and kept up from then on; nobody who
    loads a channel fills them."""

    key: ChannelKey
    version: int = 0
    position: int = 0
    stamp: int = 0
    updated_at: str = ""
    claims: dict[str, dict[str, Claim]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    entries: dict[str, EntryRecord] = field(default_factory=dict)
    """Those of the records that are waitlist entries."""
    waiting: dict[str, BlockRecord] = field(default_factory=dict)
    """Those of the records that are blocks which wait for claims to go."""
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By section, for those that take many claims."""
    recent: Recent = field(default_factory=Recent)
    """Of holds of this channel that ended, or became smaller."""

    def put(self, record: Record) -> None:
        """Keep an active record of this channel."""
        self.records[record.id] = record
        if isinstance(record, EntryRecord):
            self.entries[record.id] = record
        elif isinstance(record, BlockRecord):
            if record.waiting:
                self.waiting[record.id] = record
            else:
                self.waiting.pop(record.id, None)
        elif isinstance(record, HoldRecord) and (record.let_go or record.id in self.recent.by_hold):
            self.recent.note(record)  # smaller now, or taken again

    def end(self, record: Record) -> None:
        """Keep an active record of this channel no more: it has ended."""
        self.drop(record.id)
        if isinstance(record, HoldRecord):
            self.recent.note(record)

    def drop(self, record_id: str) -> None:
        """Forget a record that left for another channel, or never was."""
        self.records.pop(record_id, None)
        self.entries.pop(record_id, None)
        self.waiting.pop(record_id, None)


class QuotaKey(NamedTuple):
    """What a limit counts over: a customer at a venue, on one date or (None) on all of them."""

    club: str
    venue: str
    date: str | None
    customer_id: str


class Quota(msgspec.Struct):
    """What counts towards one limit of one customer: by record id what it counts for, by name, and from
    when on it no longer counts by the clock alone (None: until the record ends). On one date, over all
    slots: tables. Over all dates: holds. Kept only where the policy limits it; `revision` is that of the
    venue it was loaded under, for a policy without the limit keeps no count."""

    key: QuotaKey
    revision: int
    version: int = 0
    stamp: int = 0
    entries: dict[str, tuple[frozenset[str], str | None]] = field(default_factory=dict)


class Missing(Exception):
    """The decision needs more than was loaded: load these as well, and decide again."""

    def __init__(
        self, *, channels: tuple[ChannelKey, ...] = (), quotas: tuple[QuotaKey, ...] = ()
    ) -> None:
        super().__init__(f"not loaded: {channels} {quotas}")
        self.channels = channels
        self.quotas = quotas


K_contra = TypeVar("K_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)


class Lookup(Protocol[K_contra, V_co]):
    """What a dict offers, as far as it is needed here."""

    def get(self, key: K_contra, /) -> V_co | None: ...


class Scope:
    """All that one decision looks at: the venue, the command's own channel, and on request other
    channels and quotas of that venue. What was asked for is remembered: the outcome is confirmed
    against all of it, whether it was changed or only read."""

    __slots__ = ("_channels", "_quotas", "channel", "used_channels", "used_quotas", "venue")

    def __init__(
        self,
        venue: Venue,
        channel: ChannelState,
        channels: Lookup[ChannelKey, ChannelState] | None = None,
        quotas: Lookup[QuotaKey, Quota] | None = None,
    ) -> None:
        self.venue = venue
        self.channel = channel
        self._channels: Lookup[ChannelKey, ChannelState] = {} if channels is None else channels
        self._quotas: Lookup[QuotaKey, Quota] = {} if quotas is None else quotas
        self.used_channels: dict[ChannelKey, ChannelState] = {channel.key: channel}
        self.used_quotas: dict[QuotaKey, Quota] = {}

    def at(self, *keys: ChannelKey) -> list[ChannelState]:
        """The states of channels. Raises Missing with all that are not loaded."""
        found: list[ChannelState] = []
        missing: list[ChannelKey] = []
        for key in keys:
            state = self.used_channels.get(key) or self._channels.get(key)
            if state is None:
                missing.append(key)
            else:
                self.used_channels[key] = state
                found.append(state)
        if missing:
            raise Missing(channels=tuple(missing))
        return found

    def quota(self, date: str | None, customer_id: str) -> Quota:
        """A customer's quota, of one date or of all. Raises Missing where it is not loaded."""
        return self.quotas((date,), customer_id)[0]

    def quotas(self, dates: Iterable[str | None], customer_id: str) -> list[Quota]:
        """A customer's quotas of several dates. Raises Missing with all that are not loaded."""
        found: list[Quota] = []
        missing: list[QuotaKey] = []
        for date in dates:
            key = QuotaKey(self.venue.club, self.venue.venue, date, customer_id)
            quota = self.used_quotas.get(key) or self._quotas.get(key)
            if quota is None or quota.revision != self.venue.revision:
                missing.append(key)
            else:
                self.used_quotas[key] = quota
                found.append(quota)
        if missing:
            raise Missing(quotas=tuple(missing))
        return found
