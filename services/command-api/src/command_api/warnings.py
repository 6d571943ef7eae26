"""Warnings: customers are told when a hold is about to end, on the leader only.

A look finds the holds that end within the minute; each is told of once, which the rules see to, and
this duty remembers for a while, so as not to ask them again each second.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING

from command_api.domain.bookings.customers import WARNING_SECONDS
from command_api.domain.commands import WarnExpiring
from command_api.job import Submission, Unavailable
from command_api.outages import heed_cancel
from command_api.store.heads import channel_of_head
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.clock import DatabaseClock
    from command_api.store.pool import Pool
    from command_api.writer import Writer

log = logging.getLogger("holdfast.warnings")

INTERVAL = 1.0
"""Seconds between looks."""
MOST = 2_000
"""Holds in one look."""
REMEMBERED = 100_000


class Warnings:
    """`run` goes on until it is cancelled. `pool` is of the relay's role: it sees all clubs."""

    def __init__(self, pool: Pool, writer: Writer, clock: DatabaseClock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock
        self._asked: OrderedDict[tuple[str, str, int], None] = OrderedDict()
        """(club, hold id, end), those asked longest ago first."""
        self._from_ms = 0

    async def run(self) -> None:
        while True:
            heed_cancel()
            try:
                told = await self.look()
            except Exception as error:  # noqa: BLE001 - the database or the writer is away: look again
                log.warning("a look for holds that end soon failed: %r", error)
                told = 0
            if told < MOST:
                await asyncio.sleep(INTERVAL)

    async def look(self) -> int:
        """Have the customers told of whose holds end soon; answers how many holds were looked at."""
        now = self._clock.now_ms()
        rows = await self._pool.fetch(
            query("ending_holds"), max(now, self._from_ms), now + WARNING_SECONDS * 1000, MOST
        )
        channels: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            place = (row["club"], row["id"], row["expires_ms"])
            if place not in self._asked:
                channels.setdefault((row["club"], row["head"]), []).append(row["id"])
                self._asked[place] = None
        # A full look: the next one goes on behind it; else it starts at the present again.
        self._from_ms = rows[-1]["expires_ms"] if len(rows) == MOST else 0
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        outcomes = await asyncio.gather(
            *(self._tell(club, head, tuple(ids)) for (club, head), ids in channels.items()),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Unavailable):
                log.error("a warning failed: %r", outcome)
        return len(rows)

    async def _tell(self, club: str, head: str, ids: tuple[str, ...]) -> None:
        key = channel_of_head(club, head)
        await self._writer.submit(
            Submission(
                command=WarnExpiring(channel=key, record_ids=ids),
                club=club,
                venue=key.venue,
                command_id=f"warn-{secrets.token_hex(12)}",
                subject="system",
                key=None,
                hash=b"",
            )
        )
