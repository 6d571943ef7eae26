"""A definition changed under claims: which nights it would break, and which claims it parts.

A claim must keep its section, and its slot on its date. Claims lie in the channels of overlapping slots
as well; so where two slots come to overlap that did not (or come to share sections), the claims there are
on either could have been made for the same chair, and would lie in one channel only: that is refused.
Where slots part, the claims leave the channel that is no longer their neighbour. What a slot costs or is
called never matters, nor does closing it on a date: whoever has booked then is told by people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import field

from command_api.domain.draft.overlaps import overlapping
from command_api.domain.model import Venue
from command_api.domain.venue.days import day_of
from holdfast.contracts.channels import ChannelKey

Sections = frozenset[str] | None
"""None: all of them."""
_NONE: frozenset[str] = frozenset()


class Parting(msgspec.Struct, frozen=True):
    """Claims of the channel `home` are to leave the channel `there`."""

    home: ChannelKey
    there: ChannelKey
    sections: Sections


class Redefinition(msgspec.Struct):
    """What a new definition means for channels with claims of their own. `gone`: their slot does not run
    on that date any more. `watched`: claims on these of their sections would be broken."""

    gone: list[ChannelKey] = field(default_factory=list)
    watched: dict[ChannelKey, list[Sections]] = field(default_factory=dict)
    partings: list[Parting] = field(default_factory=list)


def moved_slots(old: Venue, new: Venue) -> frozenset[str]:
    """Ids of slots that run at other times, or sell other sections, of either definition."""
    slot_ids = old.slots.keys() | new.slots.keys()
    if old.definition.timezone != new.definition.timezone:
        return frozenset(slot_ids)
    return frozenset(id_ for id_ in slot_ids if _shape(old, id_) != _shape(new, id_))


def _shape(venue: Venue, slot_id: str) -> tuple[object, ...]:
    slot = venue.slots.get(slot_id)
    if slot is None:
        return ()
    return (
        slot.start,
        slot.end,
        slot.days and frozenset(slot.days),
        slot.valid_from,
        slot.valid_to,
        frozenset((e.date, e.start, e.end) for e in slot.exceptions if e.start or e.end),
        venue.members.get(slot_id),
    )


def redefine(old: Venue, new: Venue, claimed: Iterable[tuple[str, str]], now: str) -> Redefinition:
    """`claimed` are the (date, slot id) of channels with claims of their own; nights that are over bind
    nobody. Only slots that moved are looked at: a venue has thousands of nights, and waits meanwhile."""
    found, moved = Redefinition(), moved_slots(old, new)
    for date, slot_id in claimed:
        day = day_of(old, date, slot_id)
        if day is not None and day.ends_at <= now:
            continue
        key = ChannelKey(old.club, old.venue, date, slot_id)
        if day_of(new, date, slot_id) is None:
            if day is not None:
                found.gone.append(key)
            continue
        _compare(found, old, new, key, moved)
    return found


def broken(
    found: Redefinition, claims: Mapping[ChannelKey, Iterable[str]]
) -> dict[ChannelKey, list[str]]:
    """Of the sections that channels have claims on, those that are watched there."""
    hit: dict[ChannelKey, list[str]] = {}
    for key, section_ids in claims.items():
        watched = found.watched.get(key, ())
        here = [id_ for id_ in section_ids if any(s is None or id_ in s for s in watched)]
        if here:
            hit[key] = here
    return hit


def _compare(
    found: Redefinition, old: Venue, new: Venue, key: ChannelKey, moved: frozenset[str]
) -> None:
    watched: list[Sections] = []
    before, after = old.members.get(key.slot), new.members.get(key.slot)
    if (dropped := _less(new, before, after)) != _NONE:
        watched.append(dropped)
    others = None if key.slot in moved else moved
    neighbours, then = set(overlapping(old, key, others)), set(overlapping(new, key, others))
    for there in sorted(neighbours | then):
        had = old.members.get(there.slot) if there in neighbours else _NONE
        has = new.members.get(there.slot) if there in then else _NONE
        if (met := _less(new, has, had)) != _NONE:
            watched.append(met)
        if (left := _less(old, had, has)) != _NONE:
            found.partings.append(Parting(key, there, left))
    if watched:
        found.watched[key] = watched


def _less(venue: Venue, these: Sections, those: Sections) -> Sections:
    """Without `those`; all of the venue's sections where nothing is taken out of all of them."""
    if those is None:
        return _NONE
    if these is None:
        return None if not those else frozenset(venue.units.keys() - those)
    return these - those
