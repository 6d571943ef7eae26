"""Cursors: where a client is in the stream, the `id` of a Server-Sent Event.

A cursor is `{epoch}-{seq}`: seq is the sequence of the JetStream stream `LIVE`, so that one number
covers any set of channels and a frame is the same bytes for everybody. The epoch names the history
that the stream holds; a cursor of another epoch means nothing here and is answered by a reset.
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

_CURSOR = re.compile(r"([a-z0-9]{4,32})-(0|[1-9][0-9]{0,18})\Z")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class Cursor(NamedTuple):
    """Everything up to and including stream sequence `seq` of history `epoch` was seen."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


def parse_cursor(text: str) -> Cursor | None:
    """The cursor written in `text`, or None where it is malformed (answer: `event: reset`)."""
    match = _CURSOR.match(text)
    return Cursor(match[1], int(match[2])) if match else None


def new_epoch() -> str:
    """A name for a new history; random, so that no two histories share one."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))
