"""Names of heads, the rows that carry a version and take part in the compare-and-set."""

from __future__ import annotations

from holdfast.contracts.channels import ChannelKey


def channel_head(key: ChannelKey) -> str:
    """`c:{venue}:{date}:{slot}`, within the channel's club."""
    return f"c:{key.venue}:{key.date}:{key.slot}"


def night_head(venue: str, date: str, customer_id: str) -> str:
    """`n:{venue}:{date}:{customerId}`: what one customer has on one date."""
    return f"n:{venue}:{date}:{customer_id}"


def venue_head(venue: str) -> str:
    """`v:{venue}`: the venue definition; its version is the definition's revision."""
    return f"v:{venue}"


def channel_of_head(club: str, head: str) -> ChannelKey:
    """The inverse of `channel_head`."""
    _, venue, date, slot = head.split(":")
    return ChannelKey(club, venue, date, slot)
