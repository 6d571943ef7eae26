"""Databases of a test's own, copied from a migrated template."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from command_api.store.migrate import migrate


def database_url(server_url: str, name: str, port: int | None = None) -> str:
    """The same login to another database, maybe through another port (a proxy's)."""
    parts = urlsplit(server_url)
    if port is not None:
        login = parts.netloc.rpartition("@")[0]
        parts = parts._replace(netloc=f"{login}@127.0.0.1:{port}")
    return urlunsplit(parts._replace(path=f"/{name}"))


async def make_template(server_url: str) -> str:
    """The name of a migrated, empty database."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    await migrate(database_url(server_url, name))
    return name


@asynccontextmanager
async def copy_of(server_url: str, template: str) -> AsyncIterator[str]:
    """The superuser's URL of a fresh copy, dropped in the end."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    server = await asyncpg.connect(server_url)
    try:
        await server.execute(f"create database {name} template {template}")
        yield database_url(server_url, name)
        await server.execute(f"drop database {name} with (force)")
    finally:
        await server.close()
