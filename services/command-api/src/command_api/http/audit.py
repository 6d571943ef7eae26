"""`GET …/audit`: who changed what."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from command_api.domain.model import Venue
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import BLOCKERS, in_role, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.filters import day_of, optional_date, optional_id, query_moment
from command_api.http.problems import invalid
from command_api.http.reading import page_token, query_limit, query_page
from command_api.store.audit import LAST_MS, AuditFilter, Place
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.queries import AuditPage

TYPES = frozenset({"availability.updated", "layout.updated", *NoticeType})
_PLACE = re.compile(r"([0-9]{1,15})\.([0-9]{1,18})\.(c(?::[A-Za-z0-9_-]{1,64}){3})\Z")


async def read_audit(call: Call) -> Answer:
    """Newest first. `date` and `slotId` are of the channel that was changed; `from` and `to` are of the
    change: moments (`to` excluded), or days of the venue (`to` included). `sectionId`, `objectId`,
    `actorId` and `type` pick among the changes. One page looks at a bounded stretch of the log, so it
    may have few items, or none, and still a `nextPageToken`. For staff, and not for kiosks."""
    _principal, club = in_role(call, BLOCKERS)
    place, limit, type_ = _place(call), query_limit(call), call.query.get("type")
    if type_ is not None and type_ not in TYPES:
        raise invalid("type", f"one of {', '.join(sorted(TYPES))}")
    date, slot = optional_date(call, "date"), optional_id(call, "slotId")
    section, object_, actor = (
        optional_id(call, name) for name in ("sectionId", "objectId", "actorId")
    )
    moments = query_moment(call, "from"), query_moment(call, "to")
    venue = await call.services.reads.venue(club, venue_of(call))
    if venue is None:
        raise venue_not_found()
    from_ms, until_ms = _stretch(venue, *moments)
    wanted = AuditFilter(
        club=club,
        venue=venue.venue,
        date=date,
        slot=slot,
        from_ms=from_ms,
        until_ms=until_ms,
        section_id=section,
        object_id=object_,
        actor_id=actor,
        type=type_,
    )
    items, behind = await call.services.reads.audit.page(wanted, limit, place)
    token = None if behind is None else page_token(_token(behind))
    return json_answer(AuditPage(items=items, next_page_token=token))


def _stretch(venue: Venue, first: int | str | None, last: int | str | None) -> tuple[int, int]:
    """Milliseconds: included, excluded."""
    zone = ZoneInfo(venue.definition.timezone)
    from_ms = _midnight(first, zone) if isinstance(first, str) else first or 0
    until_ms = _midnight(last, zone, days=1) if isinstance(last, str) else last
    until_ms = LAST_MS if until_ms is None else until_ms
    if from_ms >= until_ms:
        raise invalid("to", "must be after from")
    return from_ms, until_ms


def _midnight(day: str, zone: ZoneInfo, days: int = 0) -> int:
    try:
        midnight = datetime.combine(day_of(day), datetime.min.time()) + timedelta(days=days)
        return round(midnight.replace(tzinfo=zone).timestamp() * 1000)
    except (OverflowError, ValueError):
        raise invalid("to" if days else "from", "goes beyond the calendar") from None


def _place(call: Call) -> Place | None:
    token = query_page(call)
    if token is None:
        return None
    match = _PLACE.match(token)
    if match is None:
        raise invalid("pageToken", "not a token that this list gave out")
    return Place(int(match[1]), match[3], int(match[2]))


def _token(place: Place) -> str:
    return f"{place.at_ms}.{place.position}.{place.head}"
