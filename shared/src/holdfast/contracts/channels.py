"""Channels: the unit of consistency, one per (club, venue, date, slot)."""

from __future__ import annotations

from typing import NamedTuple

from holdfast.contracts.ids import is_date, is_id

MAX_CHANNEL_NAME = 300
MAX_CHANNELS = 64
"""Of one stream."""


class ChannelKey(NamedTuple):
    """One club, venue, service date and slot. Versions are dense within it."""

    club: str
    venue: str
    date: str
    slot: str

    @property
    def name(self) -> str:
        """`availability:{clubId}:{venueId}:{date}:{slotId}`."""
        return f"availability:{self.club}:{self.venue}:{self.date}:{self.slot}"


class CustomerKey(NamedTuple):
    """The private channel of one customer in one club: no version, no snapshot."""

    club: str
    customer: str

    @property
    def name(self) -> str:
        """`customer:{clubId}:{customerId}`."""
        return f"customer:{self.club}:{self.customer}"


def parse_channel(name: str) -> ChannelKey | CustomerKey:
    """The key behind a channel name; raises ValueError that says what is wrong."""
    if len(name) > MAX_CHANNEL_NAME:
        raise ValueError(f"a channel name has at most {MAX_CHANNEL_NAME} characters")
    kind, *parts = name.split(":")
    if kind == "availability" and len(parts) == 4:
        club, venue, date, slot = parts
        if is_id(club) and is_id(venue) and is_date(date) and is_id(slot):
            return ChannelKey(club, venue, date, slot)
    elif kind == "customer" and len(parts) == 2 and all(map(is_id, parts)):
        return CustomerKey(*parts)
    raise ValueError(
        f"not a channel: {name!r}; expected availability:{{clubId}}:{{venueId}}:{{date}}:{{slotId}}"
        " or customer:{clubId}:{customerId}"
    )
