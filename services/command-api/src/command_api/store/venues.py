"""Store venue definitions. A change that snapshots show is a versioned event on every channel."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from command_api.domain.model import Venue
from command_api.domain.venue.prepared import prepare_venue
from command_api.store.heads import channel_of_head, venue_head
from command_api.store.pool import tenant
from command_api.store.redefining import (
    CurrencyInUse,
    SectionInUse,
    SlotInUse,
    redefine_claimed,
)
from command_api.store.sql import query
from holdfast.contracts.ids import timestamp
from holdfast.contracts.venues import Layout, VenueDefinition

if TYPE_CHECKING:
    from command_api.store.pool import Connection, Pool
    from holdfast.contracts.channels import ChannelKey

__all__ = ["CurrencyInUse", "SectionInUse", "SlotInUse", "put_venue"]

_definition = msgspec.json.Decoder(VenueDefinition)


class ClubMissing(Exception):
    """The club does not exist."""


class RevisionRequired(Exception):
    """The venue exists: say which revision is to be changed."""


class RevisionMismatch(Exception):
    """Somebody changed the venue first."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the venue is at revision {current}")
        self.current = current


class VenueStored(msgspec.Struct):
    """`changed`: channels that got a `layout.updated`."""

    venue: Venue
    created: bool
    changed: list[ChannelKey]


async def put_venue(
    pool: Pool, club: str, venue: str, definition: VenueDefinition, if_revision: int | None
) -> VenueStored:
    """Create or replace a definition that `check_definition` found right.

    Storing the same again changes nothing. Raises ClubMissing, RevisionRequired, RevisionMismatch,
    SectionInUse, SlotInUse, CurrencyInUse.
    """
    async with tenant(pool, [club]) as connection:
        try:
            return await _put(connection, club, venue, definition, if_revision)
        except asyncpg.UniqueViolationError:
            raise RevisionRequired from None


async def _put(
    connection: Connection,
    club: str,
    venue: str,
    definition: VenueDefinition,
    if_revision: int | None,
) -> VenueStored:
    async with connection.transaction():
        if not await connection.fetchval("select true from holdfast.clubs where club = $1", club):
            raise ClubMissing
        old = await _current(connection, club, venue)
        if old is not None:
            if if_revision is None:
                raise RevisionRequired
            if if_revision != old.revision:
                raise RevisionMismatch(old.revision)
            if msgspec.json.encode(old.definition) == msgspec.json.encode(definition):
                return VenueStored(old, created=False, changed=[])
        elif if_revision is not None:
            raise RevisionMismatch(0)
        return await _write(connection, club, venue, definition, old)


async def _current(connection: Connection, club: str, venue: str) -> Venue | None:
    """The stored definition, its head locked against every append that relies on it."""
    stamp = await connection.fetchval(
        "select stamp from holdfast.heads where club = $1 and head = $2 for no key update",
        club,
        venue_head(venue),
    )
    if stamp is None:
        return None
    row = await connection.fetchrow(
        "select * from holdfast.venues where club = $1 and venue = $2", club, venue
    )
    assert row is not None
    return prepare_venue(
        club=club,
        venue=venue,
        revision=row["revision"],
        layout_version=row["layout_version"],
        stamp=stamp,
        updated_at=timestamp(row["updated_ms"]),
        definition=_definition.decode(row["definition"]),
    )


async def _write(
    connection: Connection, club: str, venue: str, definition: VenueDefinition, old: Venue | None
) -> VenueStored:
    now_ms = await _now_ms(connection)
    new = prepare_venue(
        club=club,
        venue=venue,
        revision=old.revision + 1 if old else 1,
        layout_version=old.layout_version if old else 0,
        stamp=secrets.randbits(62) + 1,
        updated_at=timestamp(now_ms),
        definition=definition,
    )
    if old is not None:
        await redefine_claimed(connection, old, new)
    if old is None or _layout(old) != _layout(new):
        new.layout_version += 1
    await connection.execute(
        query("write_venue"),
        club,
        venue,
        new.revision,
        new.layout_version,
        definition.name,
        definition.timezone,
        now_ms,
        msgspec.json.encode(definition),
    )
    await connection.execute(
        query("write_venue_head"), club, venue, new.revision, new.stamp, now_ms
    )
    if old is None or new.layout_version != old.layout_version:
        await connection.execute(
            "insert into holdfast.layouts (club, venue, layout_version, layout) values ($1, $2, $3, $4)",
            club,
            venue,
            new.layout_version,
            _layout(new),
        )
    changed = []
    if old is not None and _shown(old) != _shown(new):
        command_id = f"venue-{time.time_ns():x}-{secrets.token_hex(4)}"
        rows = await connection.fetch(
            query("announce_layout"), club, venue, new.layout_version, new.stamp, now_ms, command_id
        )
        changed = [channel_of_head(row["club"], row["head"]) for row in rows]
    return VenueStored(new, created=old is None, changed=changed)


async def _now_ms(connection: Connection) -> int:
    now = await connection.fetchval(
        "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint"
    )
    assert isinstance(now, int)
    return now


def _layout(venue: Venue) -> bytes:
    """The geometry, without its version: what decides whether a layout is another one."""
    definition = venue.definition
    layout = Layout(
        club_id=venue.club,
        venue_id=venue.venue,
        layout_version=0,
        canvas_w=definition.canvas_w,
        canvas_h=definition.canvas_h,
        categories=definition.categories,
        sections=definition.sections,
    )
    return msgspec.json.encode(layout)


def _shown(venue: Venue) -> tuple[object, ...]:
    """What snapshots show of a definition."""
    definition = venue.definition
    return venue.layout_version, definition.timezone, msgspec.json.encode(definition.slots)
