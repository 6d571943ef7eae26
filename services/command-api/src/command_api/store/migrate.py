"""Migrations: `migrations/NNNN_*.sql`, each once, in order, in one transaction, one runner at a time."""

from __future__ import annotations

import hashlib
import logging
from importlib.resources import files

import asyncpg

from command_api.store.sql import query

log = logging.getLogger("holdfast.migrate")

_LOCK = 0x686F6C64  # "hold"


class MigrationError(Exception):
    """The database cannot be brought to this release's schema; the message says why."""


def migrations() -> list[tuple[str, str]]:
    """(name, SQL) in the order of their numbers."""
    folder = files("command_api.store") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(name, (folder / name).read_text()) for name in names]


async def migrate(url: str) -> list[str]:
    """Bring the database at `url` up to date; answers the names that were applied.

    `url` is a login that may create roles the first time (later: one that is a member of
    holdfast_owner). Raises MigrationError, asyncpg.PostgresError.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(query("prepare_database"))
        await connection.execute("set role holdfast_owner")
        applied = {
            row["name"]: row["sha256"]
            for row in await connection.fetch("select name, sha256 from holdfast.migrations")
        }
        done = []
        for name, text in migrations():
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in applied:
                if applied[name] != digest:
                    raise MigrationError(f"{name} was changed after it had been applied")
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(
                    "insert into holdfast.migrations (name, sha256) values ($1, $2)", name, digest
                )
            log.info("applied %s", name)
            done.append(name)
        return done
    finally:
        await connection.close()
