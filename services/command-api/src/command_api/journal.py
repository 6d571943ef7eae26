"""Journals: what a flight found and changed, so that a group which was not written can be put back."""

from __future__ import annotations

from command_api.domain.decision import Decision
from command_api.domain.model import ChannelState, NightState, Record, Venue
from command_api.store.append import HeadUse
from command_api.store.heads import channel_head, night_head, venue_head
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

    def save(self, decision: Decision) -> None:
        """Keep what the decision is about to change."""
        self.written = True
        for event in decision.events:
            if event.section_id not in self.claims:
                claims = self.state.claims.get(event.section_id)
                self.claims[event.section_id] = None if claims is None else dict(claims)
        for record in decision.records:
            self.records.setdefault(record.id, self.state.records.get(record.id))

    def restore(self) -> None:
        state = self.state
        state.version, state.position, state.stamp, state.updated_at = self.base
        for section, claims in self.claims.items():
            if claims is None:
                state.claims.pop(section, None)
            else:
                state.claims[section] = claims
            state.tallies.pop(section, None)
        state.holders = None
        for id_, record in self.records.items():
            if record is None:
                state.records.pop(id_, None)
            else:
                state.records[id_] = record

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


class NightJournal:
    """A night as it was before the flight."""

    __slots__ = ("night", "tables", "written")

    def __init__(self, night: NightState) -> None:
        self.night = night
        self.tables = dict(night.tables)
        self.written = False

    def restore(self) -> None:
        self.night.tables = self.tables

    def use(self, stamp: int) -> HeadUse:
        """The night's head as the append compares it and, where it was written, moves it."""
        night = self.night
        club, head = place_of(night)
        use = HeadUse(
            club, head, "night", night.venue, night.date, None, night.version, night.stamp
        )
        if self.written:
            use.mode, use.next_version, use.next_stamp = "w", night.version + 1, stamp
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


def place_of(night: NightState) -> tuple[str, str]:
    """(club, head) of a night."""
    return night.club, night_head(night.venue, night.date, night.customer_id)
