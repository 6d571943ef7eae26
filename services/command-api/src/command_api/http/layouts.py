"""`GET …/layouts/{layoutVersion}` and `GET …/layout`: geometry, alone or with the states of a viewport."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

from command_api.domain.days import day_of
from command_api.domain.model import ChannelState, Venue
from command_api.domain.snapshot import NoSuchSlot, section_of
from command_api.http.answer import Answer, json_answer, not_modified
from command_api.http.auth import readable_venue
from command_api.http.call import Call
from command_api.http.compress import compressed
from command_api.http.problems import Refused, invalid
from command_api.http.reading import matches, query_date, query_id, query_number
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import PUBLIC_STATES, Audience
from holdfast.contracts.venues import LayoutViewport, Section, ViewportSection

_VARY = (b"vary", b"Authorization, Cookie, Accept-Encoding")


class Viewport(NamedTuple):
    """A rectangle on the canvas."""

    left: float
    top: float
    right: float
    bottom: float

    def shows(self, section: Section) -> bool:
        """Whether the section's bounding box touches the rectangle; a section turns about its
        middle."""
        angle = math.radians(section.rotation)
        across, along = abs(math.cos(angle)), abs(math.sin(angle))
        half_width = (section.width * across + section.height * along) / 2
        half_height = (section.width * along + section.height * across) / 2
        middle_x = section.x + section.width / 2
        middle_y = section.y + section.height / 2
        return (
            middle_x + half_width >= self.left
            and middle_x - half_width <= self.right
            and middle_y + half_height >= self.top
            and middle_y - half_height <= self.bottom
        )


async def read_layout(call: Call) -> Answer:
    """Immutable, so it may be kept for ever; by shared caches where everybody may read it."""
    venue, _audience = await readable_venue(call)
    text = call.params["layout_version"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _missing()
    layout = await call.services.reads.layout(venue.club, venue.venue, int(text))
    if layout is None:
        raise _missing()
    who = b"public" if venue.policy.public_read else b"private"
    caching = (b"cache-control", who + b", max-age=31536000, immutable")
    etag = (b"etag", b'"%d"' % layout.layout_version)
    if matches(call, etag[1].decode()):
        return not_modified(etag, caching, _VARY)
    return await compressed(call, json_answer(layout, etag, caching, _VARY))


async def read_viewport(call: Call) -> Answer:
    """Sections of a rectangle with their states, and how many there are in each state."""
    venue, audience = await readable_venue(call)
    key = ChannelKey(venue.club, venue.venue, query_date(call), query_id(call, "slotId"))
    viewport = _viewport(call)
    if day_of(venue, key.date, key.slot) is None:
        raise NoSuchSlot(key.name)
    state = await call.services.reads.channel(key)
    sections = _sections(venue, state, viewport, audience)
    shown = LayoutViewport(
        layout_version=venue.layout_version,
        version=state.version,
        sections=sections,
        counts=dict(Counter(section.state for section in sections)),
    )
    return await compressed(call, json_answer(shown, _VARY))


def _viewport(call: Call) -> Viewport | None:
    """None: all of the canvas. Half a rectangle is an error."""
    given = {name: query_number(call, name) for name in ("x", "y", "width", "height")}
    numbers = [number for number in given.values() if number is not None]
    if not numbers:
        return None
    if len(numbers) < 4:
        name = next(name for name, number in given.items() if number is None)
        raise invalid(name, "x, y, width and height go together")
    x, y, width, height = numbers
    if width < 0 or height < 0:
        raise invalid("width" if width < 0 else "height", "must not be negative")
    return Viewport(x, y, x + width, y + height)


def _sections(
    venue: Venue, state: ChannelState, viewport: Viewport | None, audience: Audience
) -> list[ViewportSection]:
    members = venue.members.get(state.key.slot)
    shown = []
    for section_id, unit in venue.units.items():
        if members is not None and section_id not in members:
            continue
        if viewport is not None and not viewport.shows(unit.section):
            continue
        now = section_of(state, section_id, unit)
        public = audience is Audience.PUBLIC
        shown.append(
            ViewportSection(
                section=unit.section,
                state=(PUBLIC_STATES[now.state] if public else now.state).value,
                available=now.capacity.available,
            )
        )
    return shown


def _missing() -> Refused:
    return Refused(Code.LAYOUT_NOT_FOUND, "The venue has no such layout version.")
