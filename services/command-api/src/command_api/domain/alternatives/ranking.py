"""Alternatives: what could be had instead of what is not free, ranked. Hints for people, on public
knowledge only: nothing is decided on them, and each may be gone by the time it is asked for.

In the slot itself: other sections of the same category, then of others, larger tables, several tables side
by side. Elsewhere: the same at another slot of the date, or in the same slot within a week.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from command_api.domain.alternatives.instead import Instead, instead_of, units_in
from command_api.domain.alternatives.wishes import Wish, hours_between, is_open, surroundings
from command_api.domain.holds.best import pick
from command_api.domain.holds.vacancy import Vacancy, vacancy_of
from command_api.domain.model import ChannelState, Day, Unit, Venue
from command_api.domain.venue.days import day_of
from command_api.domain.venue.pricing import quote
from command_api.domain.waitlist.shapes import plan_of, takes_party
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.queries import Alternative, AlternativeKind, Alternatives

MOST = 10
MOST_OF_A_KIND = 3
"""At first: what is left is filled up with the best of the rest, of whatever kind."""

_EVERYTHING = Vacancy(frozenset(), lambda unit: unit.total)
_OTHER_SLOT, _OTHER_DATE, _AN_HOUR, _A_DAY, _DEARER = 0.15, 0.3, 0.03, 0.03, 0.3


def alternatives_for(
    venue: Venue, states: Mapping[ChannelKey, ChannelState], wish: Wish, now: str
) -> Alternatives:
    """On the states of channels as they were loaded, by their keys; `surroundings` names the ones that are
    looked at, and those that are not there are left out."""
    vacancies = {
        key: vacancy_of(venue, states[key], now)
        for key in surroundings(venue, wish.channel)
        if key in states
    }
    return alternatives(venue, vacancies, wish, now)


def alternatives(
    venue: Venue,
    vacancies: Mapping[ChannelKey, Vacancy],
    wish: Wish,
    now: str,
    limit: int = MOST,
) -> Alternatives:
    """As `alternatives_for`, on what is free. The score is 1 less what speaks against it: another time,
    another category, distance, empty places, a higher price."""
    key = wish.channel
    day = day_of(venue, key.date, key.slot)
    if day is None:
        return Alternatives(items=[], waitlist_option=False)
    asked = wish.units(venue) or pick(venue, day, wish.best, wish.party_size, _EVERYTHING)
    price = quote(venue, day, asked).total if asked else 0
    items: list[Alternative] = []
    here, own = vacancies.get(key), is_open(day, wish, now)
    if here is not None and own:
        found = instead_of(venue, day, wish, asked, here)
        items.extend(_here(venue, day, wish, instead, price) for instead in found)
    fits_here = bool(items) or (here is not None and bool(_same(venue, day, wish, here)))
    for other in surroundings(venue, key)[1:]:
        vacancy, there = vacancies.get(other), day_of(venue, other.date, other.slot)
        if vacancy is not None and there is not None and is_open(there, wish, now):
            chosen = _same(venue, there, wish, vacancy)
            if chosen and units_in(chosen) <= venue.policy.max_sections_per_hold:
                items.append(_elsewhere(venue, wish, day, other, there, chosen, price))
    waits = own and not fits_here and _is_worth_waiting(venue, wish)
    return Alternatives(items=_ranked(items, limit), waitlist_option=waits)


def _is_worth_waiting(venue: Venue, wish: Wish) -> bool:
    """Whether the waitlist would take them: something has room for so many, if all were free. Who says
    nothing of their party is as many as the things that they want."""
    units, slot_id = wish.units(venue), wish.channel.slot
    if any(quantity > unit.total for unit, quantity in units):
        return False
    size = wish.party_size or (1 if units else wish.quantity)
    categories = frozenset(() if wish.category_id is None else (wish.category_id,))
    return takes_party(venue, plan_of(venue, slot_id), size, categories)


def _same(venue: Venue, day: Day, wish: Wish, vacancy: Vacancy) -> list[tuple[Unit, int]]:
    """What was asked for, where all of it is free."""
    if not wish.section_ids:
        return pick(venue, day, wish.best, wish.party_size, vacancy)
    units = wish.units(venue)
    takes_part = len(units) == len(wish.section_ids) and (
        day.sections is None or all(u.section.section_id in day.sections for u, _n in units)
    )
    return units if takes_part and all(vacancy.free(u, n) for u, n in units) else []


class _Place(NamedTuple):
    kind: AlternativeKind
    key: ChannelKey
    against: float


def _here(venue: Venue, day: Day, wish: Wish, instead: Instead, price: int) -> Alternative:
    place = _Place(instead.kind, wish.channel, instead.against)
    return _alternative(venue, day, place, instead.chosen, price, discount_percent=0)


def _elsewhere(
    venue: Venue,
    wish: Wish,
    day: Day,
    key: ChannelKey,
    there: Day,
    chosen: list[tuple[Unit, int]],
    price: int,
) -> Alternative:
    if key.date == wish.channel.date:
        hours = hours_between(day.starts_at, there.starts_at)
        place = _Place(AlternativeKind.ADJACENT_SLOT, key, _OTHER_SLOT + min(0.3, _AN_HOUR * hours))
    else:
        days = abs((date.fromisoformat(key.date) - date.fromisoformat(wish.channel.date)).days)
        place = _Place(AlternativeKind.OTHER_DATE, key, _OTHER_DATE + _A_DAY * days)
    percent = venue.policy.alternative_discount_percent
    return _alternative(venue, there, place, chosen, price, discount_percent=percent)


def _alternative(
    venue: Venue,
    day: Day,
    place: _Place,
    chosen: list[tuple[Unit, int]],
    price: int,
    *,
    discount_percent: int,
) -> Alternative:
    amount = quote(venue, day, chosen).total
    discount = (amount * discount_percent + 50) // 100
    dearer = max(0, amount - discount - price)
    against = place.against + _DEARER * min(1.0, dearer / max(price, 1))
    return Alternative(
        kind=place.kind,
        date=place.key.date,
        slot_id=place.key.slot,
        section_ids=[unit.section.section_id for unit, _quantity in chosen],
        quantities={u.section.section_id: quantity for u, quantity in chosen if quantity > 1},
        amount=amount,
        price_difference=amount - price,
        discount=discount,
        score=round(max(0.0, 1.0 - against), 3),
    )


def _ranked(items: list[Alternative], limit: int) -> list[Alternative]:
    """The best first, not all of one kind where there are others."""
    items.sort(key=lambda item: (-item.score, item.date, item.slot_id))
    counts: dict[AlternativeKind, int] = {}
    first: list[Alternative] = []
    rest: list[Alternative] = []
    for item in items:
        counts[item.kind] = counts.get(item.kind, 0) + 1
        (first if counts[item.kind] <= MOST_OF_A_KIND else rest).append(item)
    chosen = (first + rest)[:limit]
    chosen.sort(key=lambda item: (-item.score, item.date, item.slot_id))
    return chosen
