"""The writer's own connection: one flight at a time goes over it, and what a break of it means."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import asyncpg

from command_api.store.pool import open_connection

log = logging.getLogger("holdfast.writer")

RECONNECT = 0.2
"""Seconds between attempts to reach the database."""

UNKNOWN_OUTCOME: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # the server shuts down, or a statement was cancelled
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby: the primary is elsewhere by now
)
"""Errors after which an append may or may not have been committed."""


class OwnConnection:
    """Opened where it is needed. `on_change` is called when it is new (any memory may be of another
    history by then) and when it was lost."""

    def __init__(self, url: str, on_change: Callable[[], None]) -> None:
        self._url = url
        self._on_change = on_change
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    @property
    def is_open(self) -> bool:
        """As far as this end knows."""
        return self._connection is not None and not self._connection.is_closed()

    async def get(self) -> asyncpg.Connection[asyncpg.Record]:
        """The connection, made anew where there is none; raises UNKNOWN_OUTCOME's errors."""
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        self._on_change()
        self._connection = await open_connection(
            self._url, "holdfast_writer", application="holdfast writer"
        )
        self._connection.add_termination_listener(lambda _: self._on_change())
        return self._connection

    async def drop(self, error: BaseException) -> None:
        """Give it up, and the database a moment."""
        log.warning("the database is not reachable: %r", error)
        connection, self._connection = self._connection, None
        self._on_change()
        if connection is not None:
            connection.terminate()
        await asyncio.sleep(RECONNECT)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
