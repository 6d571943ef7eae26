"""Names of heads, the rows that carry a version and take part in the compare-and-set."""

from __future__ import annotations

from command_api.domain.model import QuotaKey
from holdfast.contracts.channels import ChannelKey


def channel_head(key: ChannelKey) -> str:
    """`c:{venue}:{date}:{slot}`, within the channel's club."""
    return f"c:{key.venue}:{key.date}:{key.slot}"


def quota_head(key: QuotaKey) -> str:
    """`n:{venue}:{date}:{customerId}`, what a customer has on one date (their night), or
    `u:{venue}:{customerId}`, over all dates. In the lock order both come after channels."""
    if key.date is None:
        return f"u:{key.venue}:{key.customer_id}"
    return f"n:{key.venue}:{key.date}:{key.customer_id}"


def venue_head(venue: str) -> str:
    """`v:{venue}`: the venue definition; its version is the definition's revision."""
    return f"v:{venue}"


def channel_of_head(club: str, head: str) -> ChannelKey:
    """The inverse of `channel_head`."""
    _, venue, date, slot = head.split(":")
    return ChannelKey(club, venue, date, slot)
