"""Named queries: the text of `queries/{name}.sql`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """The SQL of one query file."""
    return (files("command_api.store") / "queries" / f"{name}.sql").read_text()
