"""Connections to Postgres, one pool per role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

import asyncpg

from command_api.store.sql import query

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )

RoleName = Literal["holdfast_owner", "holdfast_writer", "holdfast_relay"]

CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 10.0
"""Seconds for any one statement."""


def server_settings(role: RoleName, application: str) -> dict[str, str]:
    """`role` is what the session starts with and what a pool's reset goes back to, so one login that
    is a member of all three roles can serve them all."""
    return {"role": role, "application_name": application, "timezone": "UTC", "jit": "off"}


async def open_pool(url: str, role: RoleName, *, application: str, size: int) -> Pool:
    """Raises OSError or asyncpg.PostgresError where the database cannot be reached."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        server_settings=server_settings(role, application),
    )


async def open_connection(
    url: str, role: RoleName, *, application: str
) -> asyncpg.Connection[asyncpg.Record]:
    """A connection of one's own, for a lease or for the writer's single flight."""
    return await asyncpg.connect(
        url,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        server_settings=server_settings(role, application),
    )


@asynccontextmanager
async def tenant(pool: Pool, clubs: Sequence[str]) -> AsyncIterator[Connection]:
    """A connection on which row-level security lets exactly these clubs through. The pool's reset
    closes it again."""
    async with pool.acquire() as connection:
        await open_to(connection, clubs)
        yield connection


@asynccontextmanager
async def questions(pool: Pool, club: str) -> AsyncIterator[Connection]:
    """As `tenant`, for reads whose best plan depends on what is asked for: each is planned anew."""
    async with pool.acquire() as connection:
        await connection.execute(query("open_to_questions"), [club])
        yield connection


async def open_to(connection: Connection, clubs: Sequence[str]) -> None:
    """Let row-level security show exactly these clubs here, until it is told otherwise."""
    await connection.execute(query("open_to"), list(clubs))
