"""`GET …/alternatives`: what else could be had, ranked."""

from __future__ import annotations

from command_api.domain.alternatives.ranking import MOST
from command_api.domain.alternatives.wishes import MOST_SECTIONS, Wish
from command_api.domain.model import Venue
from command_api.domain.venue.days import day_of
from command_api.domain.views.snapshot import NoSuchSlot
from command_api.http.answer import Answer, Header, json_answer
from command_api.http.auth import readable_venue
from command_api.http.call import Call
from command_api.http.filters import optional_id, query_whole
from command_api.http.problems import Refused, invalid
from command_api.http.reading import query_date, query_id
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import is_id
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Audience

MAX_PARTY = 10_000
_VARY: Header = (b"vary", b"Authorization, Cookie")


async def read_alternatives(call: Call) -> Answer:
    """Public knowledge, up to a second old. To customers only what they may book now; staff are bound by
    neither horizon nor lead time."""
    venue, audience = await readable_venue(call)
    key = ChannelKey(venue.club, venue.venue, query_date(call), query_id(call, "slotId"))
    wish = _wish(call, venue, key, audience is Audience.STAFF)
    limit = query_whole(call, "limit", 1, MOST) or MOST
    if day_of(venue, key.date, key.slot) is None:
        raise NoSuchSlot(key.name)
    services = call.services
    found = await services.nearby.find(services.reads, wish, services.clock(), limit)
    return json_answer(found, _VARY)


def _wish(call: Call, venue: Venue, key: ChannelKey, is_staff: bool) -> Wish:
    section_ids = _section_ids(call, venue)
    category_id = optional_id(call, "categoryId")
    if category_id is not None and category_id not in venue.categories:
        raise invalid("categoryId", f"there is no category {category_id}")
    quantity = query_whole(call, "quantity", 1, MOST_SECTIONS) or 1
    return Wish(
        channel=key,
        section_ids=section_ids,
        quantities=((section_ids[0], quantity),) if len(section_ids) == 1 else (),
        party_size=query_whole(call, "partySize", 1, MAX_PARTY),
        quantity=1 if section_ids else quantity,
        category_id=category_id,
        is_staff=is_staff,
    )


def _section_ids(call: Call, venue: Venue) -> tuple[str, ...]:
    given = call.query.get("sectionIds")
    if not given:
        return ()
    section_ids = tuple(dict.fromkeys(given.split(",")))
    if len(section_ids) > MOST_SECTIONS or not all(map(is_id, section_ids)):
        raise invalid("sectionIds", f"at most {MOST_SECTIONS} ids, with commas between")
    unknown = [section_id for section_id in section_ids if section_id not in venue.units]
    if unknown:
        raise Refused(
            Code.SECTION_NOT_FOUND,
            f"The venue has no section {unknown[0]}.",
            sectionIds=unknown,
        )
    return section_ids
