"""Wishes: what somebody would have liked, and the channels where something like it may be found."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec import Struct

from command_api.domain.commands import (
    Asker,
    ChangeHold,
    Command,
    HoldSections,
    RequestBooking,
    RescheduleBooking,
)
from command_api.domain.decision import Wanted
from command_api.domain.model import Day, Unit, Venue
from command_api.domain.venue.days import FIRST_DATE, LAST_DATE, closed, day_of
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import BestAvailable
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import ActorType, SectionKind

SLOTS_NEAR = 4
"""Other slots of the date, those that begin nearest in time."""
DAYS_NEAR = 7
MOST_SECTIONS = 50

_PUBLIC = Asker(Actor(type=ActorType.CUSTOMER), None, False, False)
_STAFF = Asker(Actor(type=ActorType.STAFF), None, True, False)


class Wish(Struct, frozen=True, kw_only=True):
    """Either sections by name (with quantities above 1), or `quantity` things as the server would choose
    them. `is_staff`: bound by neither horizon nor lead time."""

    channel: ChannelKey
    section_ids: tuple[str, ...] = ()
    quantities: tuple[tuple[str, int], ...] = ()
    party_size: int | None = None
    quantity: int = 1
    category_id: str | None = None
    adjacent: bool = False
    kind: SectionKind | None = None
    is_staff: bool = False

    @property
    def best(self) -> BestAvailable:
        """The wish where no section was named."""
        return BestAvailable(
            quantity=self.quantity,
            category_id=self.category_id,
            adjacent=self.adjacent,
            kind=self.kind,
        )

    def units(self, venue: Venue) -> list[tuple[Unit, int]]:
        """The sections that were named, as far as there are such."""
        quantities = dict(self.quantities)
        return [
            (unit, quantities.get(section_id, 1))
            for section_id in self.section_ids
            if (unit := venue.units.get(section_id)) is not None
        ]


def wish_of(command: Command, wanted: Wanted | None = None) -> Wish | None:
    """What a command would have liked; None for those that ask for no sections. `wanted`: as the rules
    understood it, where the command itself does not say it."""
    match command:
        case HoldSections(request=request):
            best = request.best_available
            return Wish(
                channel=command.channel,
                section_ids=tuple(request.section_ids or ()),
                quantities=tuple(request.quantities.items()),
                party_size=request.party_size,
                quantity=1 if best is None else best.quantity,
                category_id=None if best is None else best.category_id,
                adjacent=best is not None and best.adjacent,
                kind=None if best is None else best.kind,
                is_staff=command.asker.is_staff,
            )
        case RequestBooking(request=booked):
            return Wish(
                channel=command.channel,
                section_ids=tuple(booked.section_ids),
                quantities=tuple(booked.quantities.items()),
                party_size=booked.party_size,
                is_staff=command.asker.is_staff,
            )
        case ChangeHold(change=change) if change.add:
            return Wish(
                channel=command.channel,
                section_ids=tuple(change.add),
                quantities=tuple((s, n) for s, n in change.quantities.items() if s in change.add),
                is_staff=command.asker.is_staff,
            )
        case RescheduleBooking() if wanted is not None:
            return Wish(
                channel=command.to,
                section_ids=tuple(wanted.sections),
                quantities=tuple((s, n) for s, n in wanted.sections.items() if n > 1),
                party_size=wanted.party_size,
                is_staff=command.asker.is_staff,
            )
        case _:
            return None


def surroundings(venue: Venue, key: ChannelKey) -> tuple[ChannelKey, ...]:
    """The channel itself, then those where the same may be had: slots of the date that begin near it, the
    same slot on dates within a week. Only such as run."""
    own = day_of(venue, key.date, key.slot)
    if own is None:
        return (key,)
    near: list[tuple[float, str]] = []
    for slot_id in venue.slots:
        other = day_of(venue, key.date, slot_id)
        if slot_id != key.slot and other is not None and not other.closed:
            near.append((hours_between(own.starts_at, other.starts_at), slot_id))
    near.sort()
    slots = [key._replace(slot=slot_id) for _hours, slot_id in near[:SLOTS_NEAR]]
    first, dates = date.fromisoformat(key.date), list[ChannelKey]()
    for offset in sorted(range(-DAYS_NEAR, DAYS_NEAR + 1), key=abs):
        day = (first + timedelta(days=offset)).isoformat() if offset else key.date
        if day == key.date or not FIRST_DATE <= day <= LAST_DATE:
            continue
        other = day_of(venue, day, key.slot)
        if other is not None and not other.closed:
            dates.append(key._replace(date=day))
    return (key, *slots, *dates)


def is_open(day: Day, wish: Wish, now: str) -> bool:
    """Whether the asker may book the slot at all."""
    return closed(day, _STAFF if wish.is_staff else _PUBLIC, now) is None


def hours_between(one: str, other: str) -> float:
    """Hours from one moment to another, whichever is first."""
    apart = datetime.fromisoformat(one[:-1]) - datetime.fromisoformat(other[:-1])
    return abs(apart.total_seconds()) / 3600
