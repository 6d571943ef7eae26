"""`GET …/calendar`: how much is free, by date and slot."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial

from command_api.domain.venue.calendar import Night, nights_of
from command_api.http.answer import Answer, Header, json_answer, not_modified
from command_api.http.auth import readable_venue
from command_api.http.call import Call
from command_api.http.compress import compressed
from command_api.http.filters import list_dates, query_whole
from command_api.http.problems import invalid
from command_api.http.reading import check_date, matches
from holdfast.contracts.ids import epoch_ms, timestamp
from holdfast.contracts.queries import Calendar, CalendarSlot

MAX_DAYS, DEFAULT_DAYS = 92, 7
MAX_PARTY = 10_000
MANY = 500
"""Nights to look at: from here on another thread does, and holds are not kept waiting."""

_CACHING: tuple[Header, ...] = (
    (b"cache-control", b"no-cache"),
    (b"vary", b"Authorization, Cookie, Accept-Encoding"),
)


async def read_calendar(call: Call) -> Answer:
    """`days` from `from` on (at most 92; 7 where not given). Many ask again and again, so channels are
    counted once for as long as they do not change, and a calendar that has not changed is a 304."""
    venue, _audience = await readable_venue(call)
    first = call.query.get("from")
    if first is None:
        raise invalid("from", "this query parameter is required")
    check_date(first, "from")
    days = query_whole(call, "days", 1, MAX_DAYS) or DEFAULT_DAYS
    party = query_whole(call, "partySize", 1, MAX_PARTY)
    dates, now = list_dates(first, days), call.services.clock()
    look = partial(nights_of, venue, dates, now)
    many = len(dates) * len(venue.slots) > MANY
    nights = await asyncio.to_thread(look) if many else look()
    occupancy = call.services.reads.occupancy
    taken = await occupancy.places_taken(venue, dates[0], dates[-1], party, epoch_ms(now))
    totals = {slot_id: occupancy.lots(venue, slot_id, party).places for slot_id in venue.slots}
    items = [
        _item(night, totals[night.slot_id], taken.get((night.date, night.slot_id), 0))
        for night in nights
    ]
    answer = json_answer(Calendar(items=items), *_CACHING)
    etag = (b"etag", b'W/"%s"' % hashlib.blake2b(answer.body, digest_size=12).hexdigest().encode())
    if matches(call, etag[1].decode()):
        return not_modified(etag, *_CACHING)
    return await compressed(call, Answer(200, answer.body, (*answer.headers, etag)))


def _item(night: Night, total: int, taken: int) -> CalendarSlot:
    closed = night.closed or night.over
    return CalendarSlot(
        date=night.date,
        slot_id=night.slot_id,
        starts_at=timestamp(night.starts_at),
        ends_at=timestamp(night.ends_at),
        closed=closed,
        total=total,
        free=0 if closed else max(0, total - taken),
    )
