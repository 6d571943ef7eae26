"""Load what decisions are made on: venues, channels, quotas. Each call sees one moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from command_api.domain.evolve import count_record, evolve
from command_api.domain.holds.recent import MOST_RECENT
from command_api.domain.model import ChannelState, Quota, QuotaKey, Venue
from command_api.domain.records import Record, is_active
from command_api.domain.venue.prepared import prepare_venue
from command_api.store.heads import channel_head, quota_head
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.ids import epoch_ms, timestamp
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.venues import MOST_REHOLD_SECONDS, VenueDefinition

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
        query("load_channels"),
        [club for club, _ in wanted],
        [head for _, head in wanted],
        MOST_REHOLD_SECONDS * 1000,
        MOST_RECENT,
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
        state.put(record)
    for doc in row["ended"] or ():
        record = decode_record(doc)
        state.end(record)
    return state


async def catch_up(connection: Connection, state: ChannelState) -> bool:
    """Bring `state` up to the present by the log, in place; False where it cannot be (another
    history, another definition, too far behind) and must be loaded whole.

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
    if not row["known"] or row["redefined"] or row["position"] - state.position > MAX_CATCH_UP:
        return False
    known_at = epoch_ms(state.updated_at) if state.updated_at else 0
    touched: set[str] = set(row["records"] or ())
    for body in row["bodies"] or ():
        event = _event.decode(body)
        evolve(state, event)
        touched.update(claim.claim_id for claim in event.claims_added)
        touched.update(event.claims_removed)
    docs = await connection.fetch(
        query("load_changed"), key.club, list(touched), channel_head(key), known_at
    )
    for stored in docs:
        record = decode_record(stored["doc"])
        if record.channel != key:
            state.drop(record.id)
        elif is_active(record):
            state.put(record)
        else:
            state.end(record)
    state.version, state.position, state.stamp = row["version"], row["position"], row["stamp"]
    state.updated_at = timestamp(row["updated_ms"])
    return True


async def load_quotas(
    connection: Connection, wanted: Iterable[tuple[Venue, QuotaKey]]
) -> list[Quota]:
    """What counts towards the limits of customers, by the definitions as they are now."""
    quotas = {
        (key.club, quota_head(key)): (venue, Quota(key, venue.revision)) for venue, key in wanted
    }
    keys = [quota.key for _, quota in quotas.values()]
    rows = await connection.fetch(
        query("load_quotas"),
        [club for club, _ in quotas],
        [head for _, head in quotas],
        [key.venue for key in keys],
        [None if key.date is None else dt.date.fromisoformat(key.date) for key in keys],
        [key.customer_id for key in keys],
    )
    for row in rows:
        venue, quota = quotas[row["club"], row["head"]]
        quota.version, quota.stamp = row["version"], row["stamp"]
        for doc in row["records"] or ():
            count_record(quota, venue, decode_record(doc))
    return [quota for _, quota in quotas.values()]
