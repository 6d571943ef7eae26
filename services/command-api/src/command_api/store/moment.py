"""A channel and its venue at one and the same moment, with how far the channel is published."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from command_api.store.heads import channel_head
from command_api.store.load import load_channel, load_venue
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.domain.model import ChannelState, Venue
    from command_api.store.pool import Connection
    from holdfast.contracts.channels import ChannelKey


class Moment(NamedTuple):
    """`known`: the channel has a head. `published_seq` is the stream sequence of
    `published_version` in `epoch` (0: none there); the state may be ahead of it, never behind."""

    venue: Venue
    state: ChannelState
    known: bool
    epoch: str
    published_version: int
    published_seq: int


class VenueCache:
    """Prepared venues by (club, venue), the last `size` used: a large one takes 50 ms to prepare.
    What is given out was checked against the revision in Postgres."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._venues: OrderedDict[tuple[str, str], Venue] = OrderedDict()

    async def at(
        self, connection: Connection, club: str, venue: str, revision: int
    ) -> Venue | None:
        """The venue at that revision; None where the connection sees no such venue."""
        place = (club, venue)
        known = self._venues.get(place)
        if known is None or known.revision != revision:
            known = await load_venue(connection, club, venue)
            if known is None:
                return None
            self._venues[place] = known
        self._venues.move_to_end(place)
        if len(self._venues) > self._size:
            self._venues.popitem(last=False)
        return known


async def load_moment(connection: Connection, key: ChannelKey, venues: VenueCache) -> Moment | None:
    """None where there is no such venue. `connection` is in no transaction."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(
            query("channel_moment"), key.club, key.venue, channel_head(key)
        )
        if row is None:
            return None
        venue = await venues.at(connection, key.club, key.venue, row["revision"])
        if venue is None:
            return None
        return Moment(
            venue,
            await load_channel(connection, key),
            row["known"],
            row["epoch"],
            row["published_version"],
            row["published_seq"],
        )


async def open_channel(connection: Connection, key: ChannelKey) -> None:
    """Give the channel a head, unless it has one."""
    await connection.execute(
        query("open_channel"),
        key.club,
        key.venue,
        channel_head(key),
        dt.date.fromisoformat(key.date),
        key.slot,
    )
