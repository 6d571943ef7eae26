"""Vacancy: what is free on a channel, past its time or never taken, as whoever chooses among thousands of
sections needs to know it: one look at all claims, then a look-up for each section."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from command_api.domain.draft.claims import left_of, tally_of
from command_api.domain.draft.crowd import Crowd
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.shelf import roomy
from command_api.domain.model import ChannelState, Unit, Venue
from holdfast.contracts.snapshots import Claim


class Vacancy:
    """`taken` are sections of which nothing is left; `left` counts the units of one that may take
    many claims. `worked_out` is for those who ask it many things: a vacancy does not change."""

    __slots__ = ("_left", "taken", "worked_out")

    def __init__(self, taken: Collection[str], left: Callable[[Unit], int]) -> None:
        self.taken = taken
        self._left = left
        self.worked_out: dict[Any, Any] = {}

    def without(self, section_ids: Collection[str]) -> Vacancy:
        """The same, as if these were taken."""
        return Vacancy({*self.taken, *section_ids}, self._left)

    def free(self, unit: Unit, quantity: int = 1) -> bool:
        """Whether so many units are free; a table with seats is where all of them are."""
        if unit.seats:
            return quantity == 1 and not any(seat in self.taken for seat in unit.seats)
        if unit.total == 1 or quantity == 1:
            return quantity <= unit.total and unit.section.section_id not in self.taken
        return self._left(unit) >= quantity

    def left(self, unit: Unit) -> int:
        """Units that are free."""
        if unit.seats:
            return sum(seat not in self.taken for seat in unit.seats)
        if unit.section.section_id in self.taken:
            return 0
        return 1 if unit.total == 1 else self._left(unit)


def vacancy_of(venue: Venue, state: ChannelState, now: str) -> Vacancy:
    """Of a channel as it is."""
    taken = {
        section_id
        for section_id, claims in state.claims.items()
        for claim in claims.values()
        if claim.expires_at is None or claim.expires_at > now
    }
    crowd = Crowd(venue, state.key)
    return _vacancy(venue, taken, lambda id_: state.claims.get(id_, {}).values(), now, crowd)


def vacancy_in(draft: Draft) -> Vacancy:
    """Of a channel as the draft has it."""
    now = draft.now
    if draft.version == draft.state.version:
        return vacancy_of(draft.venue, draft.state, now)
    taken = {
        section_id
        for section_id in draft.venue.units
        for claim in draft.claims(section_id)
        if claim.expires_at is None or claim.expires_at > now
    }
    return _vacancy(draft.venue, taken, draft.claims, now, draft.crowd)


def _vacancy(
    venue: Venue,
    taken: set[str],
    claims: Callable[[str], Iterable[Claim]],
    now: str,
    crowd: Crowd,
) -> Vacancy:
    """`taken` are those with any claim that stays."""

    def left(unit: Unit) -> int:
        staying = [
            claim
            for claim in claims(unit.section.section_id)
            if claim.expires_at is None or claim.expires_at > now
        ]
        return left_of(tally_of(staying), unit.total, crowd)

    for unit in roomy(venue):
        if unit.section.section_id in taken and left(unit) > 0:
            taken.discard(unit.section.section_id)
    return Vacancy(taken, left)
