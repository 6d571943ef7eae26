"""Overlapping slots: channels whose windows share a moment sell the same sections at the same time, so
a claim in one lies in the others as well."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from command_api.domain.model import Venue
from command_api.domain.venue.days import FIRST_DATE, LAST_DATE, day_of
from holdfast.contracts.channels import ChannelKey

_REACH = 2
"""Days: a slot is over 60 hours after its date's midnight, so its neighbours are this near."""
_MEMO = 4096


def overlapping(
    venue: Venue, key: ChannelKey, slots: Collection[str] | None = None
) -> tuple[ChannelKey, ...]:
    """Other channels of the venue whose windows overlap that of `key`, in order of their keys; only of
    these slots, where some are named. Windows that only touch do not overlap (a slot has its start and not
    its end)."""
    if slots is not None:
        return _overlapping(venue, key, [slot for slot in slots if slot in venue.slots])
    place = (key.date, key.slot)
    try:
        return venue.overlaps[place]
    except KeyError:
        pass
    if len(venue.overlaps) >= _MEMO:
        venue.overlaps.clear()
    found = venue.overlaps[place] = _overlapping(venue, key, venue.slots)
    return found


def _overlapping(venue: Venue, key: ChannelKey, slots: Collection[str]) -> tuple[ChannelKey, ...]:
    own = day_of(venue, key.date, key.slot)
    if own is None:
        return ()
    found = []
    first = date.fromisoformat(key.date)
    for offset in range(-_REACH, _REACH + 1):
        day = (first + timedelta(days=offset)).isoformat()
        if not FIRST_DATE <= day <= LAST_DATE:
            continue
        for slot_id in slots:
            other = day_of(venue, day, slot_id)
            if other is None or (day, slot_id) == (key.date, key.slot):
                continue
            if other.starts_at < own.ends_at and own.starts_at < other.ends_at:
                found.append(ChannelKey(venue.club, venue.venue, day, slot_id))
    return tuple(sorted(found))


def takes_part(venue: Venue, key: ChannelKey, section_id: str) -> bool:
    """Whether the section is sold in the slot of that channel."""
    members = venue.members.get(key.slot)
    return members is None or section_id in members
