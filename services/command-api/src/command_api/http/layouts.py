"""`GET …/layouts/{layoutVersion}` and `GET …/layout`: geometry, alone or with the states of a viewport."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

from command_api.domain.draft.crowd import Crowd
from command_api.domain.model import Unit, Venue
from command_api.domain.venue.days import day_of
from command_api.domain.venue.floor_plan import Box
from command_api.domain.views.snapshot import NoSuchSlot
from command_api.domain.views.tallied import tallied_view
from command_api.http.answer import Answer, json_answer, not_modified
from command_api.http.auth import readable_venue
from command_api.http.call import Call
from command_api.http.compress import compressed
from command_api.http.problems import Refused, invalid
from command_api.http.reading import matches, query_date, query_id, query_number
from command_api.store.occupancy import Tallies
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import PUBLIC_STATES, Audience
from holdfast.contracts.venues import LayoutViewport, ViewportSection

LARGE = 500
"""Sections: from here on another thread renders them, and holds are not kept waiting."""

_VARY = (b"vary", b"Authorization, Cookie, Accept-Encoding")


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
    """Sections of a rectangle with their states, and how many there are in each state. Costs what it
    shows: claims of other sections are not read."""
    venue, audience = await readable_venue(call)
    key = ChannelKey(venue.club, venue.venue, query_date(call), query_id(call, "slotId"))
    viewport = _viewport(call)
    if day_of(venue, key.date, key.slot) is None:
        raise NoSuchSlot(key.name)
    reads = call.services.reads
    shown = None if viewport is None else (await reads.floor_plan(venue)).shown(viewport)
    members = venue.members.get(key.slot)
    units = [
        venue.units[section_id]
        for section_id in (venue.units if shown is None else shown)
        if members is None or section_id in members
    ]
    asked = None if shown is None else _claimed(units)
    tallies = await reads.occupancy.tallies(venue, key, asked)
    render = partial(_render, venue, key, units, tallies, audience)
    return await compressed(
        call, render() if len(units) < LARGE else await asyncio.to_thread(render)
    )


def _viewport(call: Call) -> Box | None:
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
    return Box(x, y, x + width, y + height)


def _claimed(units: list[Unit]) -> list[str]:
    """The sections whose claims say how these are: seats, wherever they lie, for their table."""
    return list(
        dict.fromkeys(id_ for unit in units for id_ in unit.seats or (unit.section.section_id,))
    )


def _render(
    venue: Venue, key: ChannelKey, units: list[Unit], tallies: Tallies, audience: Audience
) -> Answer:
    public, crowd = audience is Audience.PUBLIC, Crowd(venue, key)
    sections = []
    for unit in units:
        view = tallied_view(unit, tallies.sections, crowd)
        state = PUBLIC_STATES[view.state] if public else view.state
        sections.append(
            ViewportSection(section=unit.section, state=state.value, available=view.available)
        )
    shown = LayoutViewport(
        layout_version=venue.layout_version,
        version=tallies.version,
        sections=sections,
        counts=dict(Counter(section.state for section in sections)),
    )
    return json_answer(shown, _VARY)


def _missing() -> Refused:
    return Refused(Code.LAYOUT_NOT_FOUND, "The venue has no such layout version.")
