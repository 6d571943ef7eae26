"""`GET …/availability`: a snapshot of one channel, from Postgres."""

from __future__ import annotations

import asyncio
from functools import partial

from command_api.domain.model import ChannelState, Venue
from command_api.domain.venue.days import day_of
from command_api.domain.views.snapshot import NoSuchSlot, staff_snapshot
from command_api.http.answer import Answer, Header, json_answer, not_modified
from command_api.http.auth import readable_venue, venue_not_found
from command_api.http.call import Call
from command_api.http.compress import compressed
from command_api.http.reading import matches, query_date, query_id
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.cursor import Cursor
from holdfast.contracts.redact import public_snapshot
from holdfast.contracts.snapshots import snapshot_etag
from holdfast.contracts.states import Audience

NO_EPOCH = "none"
"""Before anything was ever published: no stream has it, so a client that resumes by it is reset."""

LARGE = 500
"""Sections: from here on another thread makes the snapshot, and holds are not kept waiting."""

_CACHING: tuple[Header, ...] = (
    (b"cache-control", b"no-cache"),
    (b"vary", b"Authorization, Cookie, Accept-Encoding"),
)


async def read_availability(call: Call) -> Answer:
    """A 304 costs three small reads and no snapshot.

    The stream position is read before the channel: events that came in between are in the snapshot
    and come once more in the stream, where their versions tell; the other way round they would be
    in neither. The venue is read after the channel, so that a snapshot is never of an older layout
    than its version.
    """
    venue, audience = await readable_venue(call)
    key = ChannelKey(venue.club, venue.venue, query_date(call), query_id(call, "slotId"))
    if day_of(venue, key.date, key.slot) is None:
        raise NoSuchSlot(key.name)
    reads = call.services.reads
    history = await reads.history()
    if call.header(b"if-none-match") is not None:
        version = await reads.channel_version(key)
        etag = _etag(history, version, venue.layout_version, audience)
        if matches(call, etag[1].decode()):
            return not_modified(etag, *_CACHING)
    state = await reads.channel(key)
    current = await reads.venue(venue.club, venue.venue)
    if current is None:
        raise venue_not_found()
    render = partial(_render, current, state, history, audience, call.services.clock())
    if len(current.units) < LARGE:
        return await compressed(call, render())
    return await compressed(call, await asyncio.to_thread(render))


def _render(
    venue: Venue, state: ChannelState, history: Cursor | None, audience: Audience, now: str
) -> Answer:
    snapshot = staff_snapshot(
        venue,
        state,
        epoch=history.epoch if history else NO_EPOCH,
        cursor=str(history) if history else None,
        server_time=now,
    )
    shown = snapshot if audience is Audience.STAFF else public_snapshot(snapshot)
    etag = _etag(history, state.version, venue.layout_version, audience)
    return json_answer(shown, etag, *_CACHING)


def _etag(history: Cursor | None, version: int, layout_version: int, audience: Audience) -> Header:
    epoch = history.epoch if history else NO_EPOCH
    return (b"etag", snapshot_etag(epoch, version, layout_version, audience.value).encode())
