"""The waitlist's duty, on the leader only: offers of what came free otherwise than by a decision of its
channel, and the end of waiting.

What a decision frees is offered in that very decision. This is for the rest: a venue with more sections or
another policy (seen within seconds), a customer who is below a limit again, a slot that can be booked no
more (within half a minute; nothing is offered after its closing anyway).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, NamedTuple

from command_api.domain.commands import ServeWaitlist
from command_api.job import Submission, Unavailable
from command_api.outages import heed_cancel
from command_api.store.heads import channel_of_head
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.store.pool import Pool
    from command_api.writer import Writer

log = logging.getLogger("holdfast.waitlist")

INTERVAL = 2.0
"""Seconds between looks at which channels somebody waits in, and at the revisions of their venues."""
AGAIN = 30.0
"""Seconds after which a channel is served again though its venue is as it was."""
PAGE = 500
"""Channels in one read, and served at once."""


class _Served(NamedTuple):
    revision: int
    at: float


class WaitlistDuty:
    """`run` goes on until it is cancelled. `pool` is of the relay's role: it sees all clubs."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer
        self._served: dict[tuple[str, str], _Served] = {}

    async def run(self) -> None:
        self._served.clear()
        while True:
            heed_cancel()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the database or the writer is away: look again
                log.warning("a look at the waitlists failed: %r", error)
            await asyncio.sleep(INTERVAL)

    async def look(self) -> int:
        """Serve the channels whose turn it is; answers how many."""
        seen: dict[tuple[str, str], _Served] = {}
        place, count, now = ("", ""), 0, asyncio.get_running_loop().time()
        while True:
            rows = await self._pool.fetch(query("waitlist_channels"), *place, PAGE)
            turns = []
            for row in rows:
                place = (row["club"], row["head"])
                served = self._served.get(place)
                if served and served.revision == row["revision"] and now - served.at < AGAIN:
                    seen[place] = served
                else:
                    turns.append((place, _Served(row["revision"], now)))
            done = await asyncio.gather(*(self._serve(*at) for at, _ in turns))
            seen |= {at: served for (at, served), ok in zip(turns, done, strict=True) if ok}
            count += len(turns)
            if len(rows) < PAGE:
                self._served = seen
                return count

    async def _serve(self, club: str, head: str) -> bool:
        key = channel_of_head(club, head)
        try:
            await self._writer.submit(
                Submission(
                    command=ServeWaitlist(channel=key),
                    club=club,
                    venue=key.venue,
                    command_id=f"serve-{secrets.token_hex(12)}",
                    subject="system",
                    key=None,
                    hash=b"",
                )
            )
        except Unavailable:
            return False
        except Exception:
            log.exception("serving the waitlist of %s failed", key.name)
            return False
        return True
