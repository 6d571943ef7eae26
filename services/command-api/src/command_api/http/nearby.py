"""Nearby: alternatives for whoever comes too late, without slowing down those who do not.

Rejections come thick where everybody wants the same. So what is free around a channel is loaded at most
once a second, by one asker while the others take what was loaded before; answers are kept as long; and what
is worked out for rejections has a share of the time, beyond which those who ask for alike sections are
given the same answer. Alternatives are hints: they may be a second old, and an answer without them is a
good answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import msgspec

from command_api.domain.alternatives.ranking import MOST, alternatives
from command_api.domain.alternatives.wishes import Wish, surroundings
from command_api.domain.holds.vacancy import Vacancy
from command_api.domain.model import Venue
from command_api.outages import POSTGRES_OUTAGES
from command_api.store.reads import Reads
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.queries import Alternatives

log = logging.getLogger("holdfast.http")

FRESH, FRESH_ENOUGH = 1.0, 5.0
"""Seconds that the channel itself, and the channels around it, stand for now. While somebody loads anew,
others take what is up to so old."""
PATIENCE = 0.5
"""Seconds that a rejection waits for its alternatives."""
SHARE = 0.03
"""Of the time, at most, goes into alternatives of rejections."""
LARGE = 500
"""Sections: from here on another thread looks for the first, and for what the server would choose, and
holds are not kept waiting. What follows for sections by name costs little."""
MAX_CHANNELS, MAX_ANSWERS, MAX_TAKEN = 256, 1000, 1_000_000
"""`MAX_TAKEN`: ids of taken sections in memory, over all channels."""

Facts: TypeAlias = dict[str, Any]
"""Members of a problem."""
_Shape: TypeAlias = tuple[object, ...]


class Alike(NamedTuple):
    """What one was told; `here` are the sections of the channel itself that were named to them."""

    found: Alternatives
    facts: Facts
    here: frozenset[str]


class Around:
    """What is known around one channel, and the answers that were made of it."""

    __slots__ = (
        *("alike", "answers", "far_at", "loaded_at", "lock", "told", "vacancies", "venue"),
        "weight",
    )

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.venue: Venue | None = None
        self.vacancies: dict[ChannelKey, Vacancy] = {}
        self.loaded_at = self.far_at = float("-inf")
        self.weight = 0
        self.answers: dict[tuple[Wish, int], Alternatives] = {}
        self.alike: dict[_Shape, Alike] = {}
        self.told: dict[Wish, Facts] = {}

    def stands(self, steady: float, *, waiting: bool = False) -> bool:
        """Whether it may be used as it is: fresh, or not too old while somebody else loads it anew."""
        loading = self.lock.locked() and not waiting
        seconds = FRESH_ENOUGH if loading else FRESH
        return self.venue is not None and steady - self.loaded_at < seconds

    def tell(self, wish: Wish, found: Alternatives) -> Facts:
        """Encoded once, for all who have the same wish."""
        facts: Facts = {
            "alternatives": msgspec.Raw(msgspec.json.encode(found.items)),
            "waitlistOption": found.waitlist_option,
        }
        if len(self.told) < MAX_ANSWERS:
            self.told[wish] = facts
        return facts


class Nearby:
    """One for a process. `steady` gives seconds of a clock that only goes forward."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._around: dict[ChannelKey, Around] = {}
        """The one that was loaded last comes last."""
        self._weight = 0
        self._turn = asyncio.Lock()
        self._second = 0
        self._spent = 0.0

    async def find(self, reads: Reads, wish: Wish, now: str, limit: int = MOST) -> Alternatives:
        """For whoever asks for alternatives. Raises where the database cannot be asked."""
        around = await self._load(reads, wish.channel, now)
        known = around.answers.get((wish, limit))
        return known or await self._work_out(around, wish, now, limit)

    async def suggest(self, reads: Reads, wish: Wish, now: str) -> Facts | None:
        """Facts for whoever came too late; None where they cannot be said in time. Most of a storm are
        told what is known, at once."""
        around = self._around.get(wish.channel)
        if around is not None and around.stands(self._steady()):
            told = around.told.get(wish) or self._alike(around, wish)
            if told is not None:
                return told
        try:
            async with asyncio.timeout(PATIENCE):
                around = await self._load(reads, wish.channel, now)
                return await self._afford(around, wish, now)
        except POSTGRES_OUTAGES as error:
            log.debug("no alternatives around %s: %r", wish.channel.name, error)
            return None

    async def _afford(self, around: Around, wish: Wish, now: str) -> Facts:
        """One at a time, and within the share; the rest get what was found for the like of them."""
        async with self._turn:
            told = around.told.get(wish) or self._alike(around, wish)
            if told is not None:
                return told
            began = self._steady()
            found = await self._work_out(around, wish, now, MOST)
            self._spent += self._steady() - began
            facts = around.tell(wish, found)
            if len(around.alike) < MAX_ANSWERS:
                alike = Alike(found, facts, _sections_here(found, wish))
                around.alike[_shape(around.venue, wish)] = alike
        return facts

    def _alike(self, around: Around, wish: Wish) -> Facts | None:
        """What was found for the like of it, once the share of this second is used up."""
        second = int(self._steady())
        if second != self._second:
            self._second, self._spent = second, 0.0
        if self._spent < SHARE:
            return None
        alike = around.alike.get(_shape(around.venue, wish))
        if alike is None or alike.here.isdisjoint(wish.section_ids):
            return None if alike is None else alike.facts
        return around.tell(wish, _without(alike.found, wish))

    async def _work_out(self, around: Around, wish: Wish, now: str, limit: int) -> Alternatives:
        venue, vacancies, answers = around.venue, around.vacancies, around.answers
        if venue is None:
            return Alternatives(items=[], waitlist_option=False)
        if len(venue.units) < LARGE or (wish.section_ids and answers):
            found = alternatives(venue, vacancies, wish, now, limit)
        else:
            found = await asyncio.to_thread(alternatives, venue, vacancies, wish, now, limit)
        if len(answers) < MAX_ANSWERS:
            answers[wish, limit] = found
        return found

    async def _load(self, reads: Reads, key: ChannelKey, now: str) -> Around:
        around = self._around.get(key)
        if around is None:
            around = self._around[key] = Around()
        if around.stands(self._steady()):
            return around
        async with around.lock:
            if not around.stands(self._steady(), waiting=True):
                await self._refresh(reads, around, key, now)
        return around

    async def _refresh(self, reads: Reads, around: Around, key: ChannelKey, now: str) -> None:
        steady = self._steady()
        venue = await reads.venue(key.club, key.venue)
        keys: tuple[ChannelKey, ...] = () if venue is None else surroundings(venue, key)
        far_too = venue is not around.venue or steady - around.far_at >= FRESH_ENOUGH
        vacancies = {} if far_too else dict(around.vacancies)
        if venue is not None:
            wanted = keys if far_too else keys[:1]
            vacancies.update(await reads.vacancies.of(venue, wanted, epoch_ms(now)))
        around.venue, around.vacancies, around.loaded_at = venue, vacancies, steady
        around.far_at = steady if far_too else around.far_at
        around.answers, around.alike, around.told = {}, {}, {}
        self._keep(key, around)

    def _keep(self, key: ChannelKey, around: Around) -> None:
        """Within the bounds: those that were loaded longest ago go."""
        if self._around.pop(key, None) is not None:
            self._weight -= around.weight
        around.weight = sum(len(vacancy.taken) for vacancy in around.vacancies.values())
        self._around[key] = around
        self._weight += around.weight
        while len(self._around) > MAX_CHANNELS or (
            self._weight > MAX_TAKEN and len(self._around) > 1
        ):
            oldest = next(iter(self._around))
            self._weight -= self._around.pop(oldest).weight


def _shape(venue: Venue | None, wish: Wish) -> _Shape:
    """What makes two wishes alike: the same sort and number of things, of the same category."""
    first = None
    if venue is not None and wish.section_ids:
        unit = venue.units.get(wish.section_ids[0])
        first = None if unit is None else (unit.section.kind, unit.section.category_id)
    sizes = tuple(sorted(quantity for _section_id, quantity in wish.quantities))
    return (
        *(first, len(wish.section_ids), sizes, wish.party_size, wish.quantity),
        *(wish.category_id, wish.adjacent, wish.kind, wish.is_staff),
    )


def _sections_here(found: Alternatives, wish: Wish) -> frozenset[str]:
    key = wish.channel
    return frozenset(
        section_id
        for item in found.items
        if (item.date, item.slot_id) == (key.date, key.slot)
        for section_id in item.section_ids
    )


def _without(found: Alternatives, wish: Wish) -> Alternatives:
    """What somebody else was told, but for what this one could not have."""
    asked, key = set(wish.section_ids), wish.channel
    items = [
        item
        for item in found.items
        if (item.date, item.slot_id) != (key.date, key.slot) or asked.isdisjoint(item.section_ids)
    ]
    return Alternatives(items=items, waitlist_option=found.waitlist_option)
