"""Writes the event log as the writer does: rows and head in one transaction per append."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from command_api.store.heads import channel_head
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AVAILABILITY_UPDATED_TYPE, CUSTOMER_UPDATED_TYPE
from holdfast.contracts.subjects import availability_subject

DAY = "2027-02-15"

_HEAD = """
insert into holdfast.heads (club, head, kind, venue, date, slot)
values ($1, $2, 'channel', $3, $4, $5) on conflict do nothing
"""
_LOCK = (
    "select version, position from holdfast.heads where club = $1 and head = $2 for no key update"
)
_ROW = """
insert into holdfast.events
    (club, head, date, position, version, kind, subject, type, command_id, at_ms, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'c', $9, $10)
"""
_MOVE = """
update holdfast.heads set version = $3, position = $4, updated_ms = $5 where club = $1 and head = $2
"""
_NOW = "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint"


def channels(number: int, club: str = "backroom", venue: str = "leeds") -> list[ChannelKey]:
    """Distinct channels of one venue and day."""
    return [ChannelKey(club, venue, DAY, f"slot_{i}") for i in range(number)]


async def add_venue(connection: asyncpg.Connection, club: str, venue: str) -> None:
    """The rows that heads refer to; the definition has no slots."""
    await connection.execute(
        "insert into holdfast.clubs (club, created_ms) values ($1, 0) on conflict do nothing", club
    )
    await connection.execute(
        "insert into holdfast.venues (club, venue, revision, layout_version, name, timezone,"
        " updated_ms, definition) values ($1, $2, 1, 1, '', 'UTC', 0, $3) on conflict do nothing",
        club,
        venue,
        b'{"slots":[]}',
    )


def row_of(key: ChannelKey, kind: str, version: int | None, position: int) -> tuple[Any, ...]:
    """(version, kind, subject, type, body) of a row with a body that names it."""
    body = msgspec.json.encode({"channel": key.name, "version": version, "position": position})
    if kind == "notice":
        subject = f"bookings.v1.{key.club}.{key.venue}.hold.created"
        return None, kind, subject, "holdfast.hold.created.v1", body
    if kind == "customer":
        return None, kind, f"customers.v1.{key.club}.cus_1", CUSTOMER_UPDATED_TYPE, body
    return version, kind, availability_subject(key), AVAILABILITY_UPDATED_TYPE, body


async def append(
    connection: asyncpg.Connection,
    key: ChannelKey,
    kinds: Sequence[str] = ("availability",),
    *,
    at_ms: int | None = None,
    bodies: Sequence[bytes] = (),
) -> int:
    """Append one row per kind, in one transaction; answers the channel's version after it.
    `bodies` replace those of the versioned rows, in order."""
    head, day = channel_head(key), dt.date.fromisoformat(key.date)
    given = iter(bodies)
    async with connection.transaction():
        await connection.execute(_HEAD, key.club, head, key.venue, day, key.slot)
        [(version, position)] = await connection.fetch(_LOCK, key.club, head)
        at = at_ms if at_ms is not None else await connection.fetchval(_NOW)
        rows = []
        for kind in kinds:
            position += 1
            version += kind in ("availability", "layout")
            number, *rest, body = row_of(key, kind, version, position)
            if number is not None:
                body = next(given, body)
            rows.append((key.club, head, day, position, number, *rest, at, body))
        await connection.executemany(_ROW, rows)
        await connection.execute(_MOVE, key.club, head, version, position, at)
    return int(version)
