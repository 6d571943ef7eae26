"""The sweeper: expires holds and unanswered requests when they are due, on the leader only.

It denies nobody anything: a hold that is due gives way to whoever asks for its sections (decide
expires it inline). The sweeper is what makes everybody's screen say so in time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

from command_api.domain.commands import ExpireRecords
from command_api.job import Submission, Unavailable
from command_api.outages import heed_cancel
from command_api.store.heads import channel_of_head
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.clock import DatabaseClock
    from command_api.store.pool import Pool
    from command_api.writer import Writer

log = logging.getLogger("holdfast.sweeper")

INTERVAL = 0.25
"""Seconds between looks; a look is one index probe."""
MAX_DUE = 2_000
"""Claims in one look."""


class Sweeper:
    """`run` goes on until it is cancelled. `pool` is of the relay's role: it sees all clubs."""

    def __init__(self, pool: Pool, writer: Writer, clock: DatabaseClock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def run(self) -> None:
        while True:
            heed_cancel()
            try:
                swept = await self.sweep()
            except Exception as error:  # noqa: BLE001 - the database or the writer is away: look again
                log.warning("a sweep failed: %r", error)
                swept = 0
            if swept < MAX_DUE:
                await asyncio.sleep(INTERVAL)

    async def sweep(self) -> int:
        """Expire what is due now; answers how many records were asked to."""
        rows = await self._pool.fetch(query("due_records"), self._clock.now_ms(), MAX_DUE)
        submissions = [
            self._submission(row["club"], row["head"], tuple(sorted(row["ids"]))) for row in rows
        ]
        outcomes = await asyncio.gather(
            *(self._writer.submit(submission) for submission in submissions), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Unavailable):
                log.error("a sweep's command failed: %r", outcome)
        return sum(len(row["ids"]) for row in rows)

    def _submission(self, club: str, head: str, ids: tuple[str, ...]) -> Submission:
        key = channel_of_head(club, head)
        return Submission(
            command=ExpireRecords(channel=key, record_ids=ids),
            club=club,
            venue=key.venue,
            command_id=f"sweep-{secrets.token_hex(12)}",
            subject="system",
            key=None,
            hash=b"",
        )
