"""Conflicts of a venue, listed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from command_api.domain.records import Record
from command_api.store.load import decode_record
from command_api.store.pool import tenant
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.store.pool import Pool

_NEWEST = (2**62, "")


class Conflicts:
    """`pool` is of the writer's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self,
        club: str,
        venue: str,
        *,
        status: str | None,
        date: str | None,
        limit: int,
        before: tuple[int, str] | None,
    ) -> list[Record]:
        """Newest first; `status` is `open` or `resolved`, `before` the (created ms, id) of the last one
        seen."""
        async with tenant(self._pool, [club]) as connection:
            rows = await connection.fetch(
                query("list_conflicts"),
                club,
                venue,
                status,
                None if date is None else dt.date.fromisoformat(date),
                *(before or _NEWEST),
                limit,
            )
        return [decode_record(row["doc"]) for row in rows]
