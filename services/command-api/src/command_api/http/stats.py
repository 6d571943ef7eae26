"""`GET …/stats`: seats and money of a night, or of many."""

from __future__ import annotations

import asyncio
from collections import Counter

from command_api.domain.model import Venue
from command_api.domain.venue.calendar import Night, nights_of
from command_api.domain.venue.places import category_of, sold
from command_api.domain.views.stats import SeatsTaken, Sums, Taking
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import BLOCKERS, in_role, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.filters import optional_id, query_dates
from command_api.http.problems import Refused
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.problems import Code
from holdfast.contracts.queries import Stats

MAX_DAYS = 366


async def read_stats(call: Call) -> Answer:
    """Of one date, or of `from` to `to` (at most 366 days, listed one by one as well); of one slot
    where `slotId` names it, else of all. For staff, and not for kiosks, which stand among guests."""
    _principal, club = in_role(call, BLOCKERS)
    dates, slot_id = query_dates(call, MAX_DAYS), optional_id(call, "slotId")
    venue = await call.services.reads.venue(club, venue_of(call))
    if venue is None:
        raise venue_not_found()
    if slot_id is not None and slot_id not in venue.slots:
        raise Refused(Code.SLOT_NOT_FOUND, f"Venue {venue.venue} has no slot {slot_id}.")
    now = call.services.clock()
    nights = await asyncio.to_thread(nights_of, venue, dates.all, now, slot_id)
    occupancy = call.services.reads.occupancy
    taken = await occupancy.seats_taken(venue, *dates, slot_id, epoch_ms(now))
    takings = await occupancy.takings(venue, *dates, slot_id)
    listed = [] if "date" in call.query else dates.all
    return json_answer(await asyncio.to_thread(_add_up, venue, nights, taken, takings, listed))


def _add_up(
    venue: Venue,
    nights: list[Night],
    taken: list[SeatsTaken],
    takings: list[Taking],
    listed: list[str],
) -> Stats:
    sums = Sums(venue.definition.currency)
    totals = {slot_id: _totals(venue, slot_id) for slot_id in {night.slot_id for night in nights}}
    sums.add_nights(nights, totals, taken)
    sums.add_takings(takings)
    return sums.stats(listed)


def _totals(venue: Venue, slot_id: str) -> Counter[str]:
    """Units by category."""
    totals: Counter[str] = Counter()
    for unit in sold(venue, venue.members.get(slot_id)):
        totals[category_of(venue, unit)] += unit.total
    return totals
