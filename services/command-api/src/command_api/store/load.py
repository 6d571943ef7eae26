"""Load what decisions are made on: venues, channels, nights. Each call sees one moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from command_api.domain.evolve import evolve, put_night
from command_api.domain.model import ChannelState, NightState, Record, Venue, is_active
from command_api.domain.venue import prepare_venue
from command_api.store.heads import channel_head, night_head
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.ids import timestamp
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.venues import VenueDefinition

if TYPE_CHECKING:
    from command_api.store.pool import Connection

MAX_CATCH_UP = 2000
"""Rows; a channel that is further behind is loaded whole."""

_record = msgspec.json.Decoder(Record)
_claim = msgspec.json.Decoder(Claim)
_event = msgspec.json.Decoder(AvailabilityUpdated)
_definition = msgspec.json.Decoder(VenueDefinition)


def decode_record(doc: bytes) -> Record:
    """A record from its stored document."""
    record: Record = _record.decode(doc)
    return record


async def load_venues(
    connection: Connection, wanted: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Venue]:
    """Venues by (club, venue); those that do not exist are left out."""
    rows = await connection.fetch(
        query("load_venues"), [club for club, _ in wanted], [venue for _, venue in wanted]
    )
    return {
        (row["club"], row["venue"]): prepare_venue(
            club=row["club"],
            venue=row["venue"],
            revision=row["revision"],
            layout_version=row["layout_version"],
            stamp=row["stamp"],
            updated_at=timestamp(row["updated_ms"]),
            definition=_definition.decode(row["definition"]),
        )
        for row in rows
    }


async def load_venue(connection: Connection, club: str, venue: str) -> Venue | None:
    """One venue, or None."""
    return (await load_venues(connection, [(club, venue)])).get((club, venue))


async def load_channels(
    connection: Connection, keys: Iterable[ChannelKey]
) -> dict[ChannelKey, ChannelState]:
    """Channels by key; one that nothing has happened on yet is empty at version 0."""
    wanted = {(key.club, channel_head(key)): key for key in keys}
    states = {key: ChannelState(key) for key in wanted.values()}
    rows = await connection.fetch(
        query("load_channels"), [club for club, _ in wanted], [head for _, head in wanted]
    )
    for row in rows:
        key = wanted[row["club"], row["head"]]
        states[key] = _channel_state(key, row)
    return states


async def load_channel(connection: Connection, key: ChannelKey) -> ChannelState:
    """One channel."""
    return (await load_channels(connection, [key]))[key]


def _channel_state(key: ChannelKey, row: Any) -> ChannelState:
    state = ChannelState(
        key,
        version=row["version"],
        position=row["position"],
        stamp=row["stamp"],
        updated_at=timestamp(row["updated_ms"]) if row["updated_ms"] else "",
    )
    for section, doc in zip(row["sections"] or (), row["docs"] or (), strict=True):
        claim = _claim.decode(doc)
        state.claims.setdefault(section, {})[claim.claim_id] = claim
    for doc in row["records"] or ():
        record = decode_record(doc)
        state.records[record.id] = record
    return state


async def catch_up(connection: Connection, state: ChannelState) -> bool:
    """Bring `state` up to the present by the log, in place; False where it cannot be (another
    history, too far behind) and must be loaded whole.

    The caller holds the head's row lock: two statements must see the same moment.
    """
    key = state.key
    date = dt.date.fromisoformat(key.date)
    row = await connection.fetchrow(
        query("load_since"),
        key.club,
        channel_head(key),
        date,
        state.position,
        state.stamp,
        MAX_CATCH_UP,
    )
    if row is None:
        return state.version == 0 and state.stamp == 0
    if row["stamp"] == state.stamp and row["version"] == state.version:
        return True
    if not row["known"] or row["position"] - state.position > MAX_CATCH_UP:
        return False
    touched: set[str] = set()
    for body in row["bodies"] or ():
        event = _event.decode(body)
        state.version = event.version - 1  # layout changes in between take a version and no claim
        evolve(state, event)
        touched.update(claim.claim_id for claim in event.claims_added)
        touched.update(event.claims_removed)
    for stored in await connection.fetch(query("load_records"), key.club, list(touched)):
        record = decode_record(stored["doc"])
        if is_active(record):
            state.records[record.id] = record
        else:
            state.records.pop(record.id, None)
    state.holders = None
    state.version, state.position, state.stamp = row["version"], row["position"], row["stamp"]
    state.updated_at = timestamp(row["updated_ms"])
    return True


async def load_nights(
    connection: Connection, wanted: Iterable[tuple[Venue, str, str]]
) -> dict[tuple[str, str], NightState]:
    """Nights by (club, head) for each (venue, date, customer id)."""
    nights: dict[tuple[str, str], tuple[Venue, NightState]] = {}
    for venue, date, customer in wanted:
        head = night_head(venue.venue, date, customer)
        nights[venue.club, head] = (venue, NightState(venue.club, venue.venue, date, customer))
    rows = await connection.fetch(
        query("load_nights"),
        [club for club, _ in nights],
        [head for _, head in nights],
        [night.venue for _, night in nights.values()],
        [dt.date.fromisoformat(night.date) for _, night in nights.values()],
        [night.customer_id for _, night in nights.values()],
    )
    for row in rows:
        venue, night = nights[row["club"], row["head"]]
        night.version, night.stamp = row["version"], row["stamp"]
        for doc in row["records"] or ():
            put_night(night, venue, decode_record(doc))
    return {place: night for place, (_, night) in nights.items()}
