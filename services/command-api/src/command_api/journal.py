"""Journals: what a flight found and changed, so that a group which was not written can be put back."""

from __future__ import annotations

from command_api.domain.decision import Part
from command_api.domain.model import ChannelState, Quota, Venue
from command_api.domain.records import Record
from command_api.store.append import HeadUse
from command_api.store.heads import channel_head, quota_head, venue_head
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.snapshots import Claim


class ChannelJournal:
    """A channel as it was before the flight."""

    __slots__ = ("base", "claims", "records", "state", "written")

    def __init__(self, state: ChannelState) -> None:
        self.state = state
        self.base = (state.version, state.position, state.stamp, state.updated_at)
        self.claims: dict[str, dict[str, Claim] | None] = {}
        self.records: dict[str, Record | None] = {}
        self.written = False

    def save(self, part: Part) -> None:
        """Keep what the decision is about to change here."""
        self.written = True
        for event in part.events:
            if event.section_id not in self.claims:
                claims = self.state.claims.get(event.section_id)
                self.claims[event.section_id] = None if claims is None else dict(claims)
        for record_id in (*(record.id for record in part.records), *part.gone):
            self.records.setdefault(record_id, self.state.records.get(record_id))

    def restore(self) -> None:
        state = self.state
        state.version, state.position, state.stamp, state.updated_at = self.base
        for section, claims in self.claims.items():
            if claims is None:
                state.claims.pop(section, None)
            else:
                state.claims[section] = claims
            state.tallies.pop(section, None)
        for id_, record in self.records.items():
            state.recent.forget(id_)
            if record is None:
                state.drop(id_)
            else:
                state.put(record)

    def use(self, stamp: int) -> HeadUse:
        """The channel's head as the append compares it and, where it was written, moves it."""
        state, key = self.state, self.state.key
        version, _, base_stamp, _ = self.base
        use = HeadUse(
            key.club,
            channel_head(key),
            "channel",
            key.venue,
            key.date,
            key.slot,
            version,
            base_stamp,
        )
        if self.written:
            use.mode, use.next_version, use.next_position = "w", state.version, state.position
            use.next_stamp, use.next_ms = stamp, epoch_ms(state.updated_at)
        return use


class QuotaJournal:
    """A quota as it was before the flight."""

    __slots__ = ("entries", "quota", "written")

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.entries = dict(quota.entries)
        self.written = False

    def restore(self) -> None:
        self.quota.entries = self.entries

    def use(self, stamp: int) -> HeadUse:
        """The quota's head as the append compares it and, where it was written, moves it."""
        quota, key = self.quota, self.quota.key
        kind = "holder" if key.date is None else "night"
        use = HeadUse(
            key.club,
            quota_head(key),
            kind,
            key.venue,
            key.date,
            None,
            quota.version,
            quota.stamp,
        )
        if self.written:
            use.mode, use.next_version, use.next_stamp = "w", quota.version + 1, stamp
        return use


def venue_use(venue: Venue, *, relied_on: bool) -> HeadUse:
    """A definition's head: never written here; kept as it is where a group that writes relies on it."""
    return HeadUse(
        venue.club,
        venue_head(venue.venue),
        "venue",
        venue.venue,
        None,
        None,
        venue.revision,
        venue.stamp,
        "s" if relied_on else "r",
    )
