"""Bookings of a venue: listed, and found by what their guests say."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from command_api.domain.records import Record
from command_api.store.load import decode_record
from command_api.store.pool import questions
from command_api.store.rows import name_key, phone_key
from command_api.store.sql import query

if TYPE_CHECKING:
    from command_api.store.pool import Pool

MIN_DIGITS = 3
"""Of a telephone number: fewer would find everybody."""
MAX_WORDS = 10
_BEYOND = chr(0x10FFFF)
_NEWEST = (2**62, "")

_PHONE = re.compile(r"[0-9+()./\s-]+\Z")
_REFERENCE = re.compile(r"[A-Z0-9]{4,32}\Z")


class BookingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Dates are service dates, both included; what is None filters nothing. `q`: see `terms_of`."""

    club: str
    venue: str
    customer_id: str | None = None
    statuses: tuple[str, ...] | None = None
    first: str | None = None
    last: str | None = None
    slot: str | None = None
    q: str | None = None


class Terms(NamedTuple):
    """What a text may stand for: a reference; terms of which one will do; terms that must all be
    there. A term is the beginning of a stored one."""

    reference: str | None
    either: tuple[str, ...]
    all: tuple[str, ...]


def terms_of(q: str) -> Terms:
    """A reference in any case, with or without blanks and hyphens; the last digits of a telephone
    number, three at least; the beginning of an e-mail address; else the beginnings of words of the
    name, in any order, all of which must be found."""
    reference = re.sub(r"[\s-]", "", q).upper()
    either = []
    digits = phone_key(q)
    if _PHONE.match(q) and len(digits) >= MIN_DIGITS:
        either.append("p:" + digits[::-1])
    if "@" in q:
        either.append("e:" + q.strip().lower())
        return Terms(None, tuple(either), ())
    words = name_key(q).split()[:MAX_WORDS]
    return Terms(
        reference if _REFERENCE.match(reference) else None,
        tuple(either),
        tuple("w:" + word for word in dict.fromkeys(words)),
    )


class Bookings:
    """`pool` is of the writer's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, wanted: BookingFilter, limit: int, before: tuple[int, str] | None
    ) -> list[Record]:
        """Newest first; `before`: (created ms, id) of the last one seen. What is made meanwhile
        comes before the first page, and moves none of the others."""
        arguments: list[object] = [
            wanted.club,
            wanted.venue,
            wanted.customer_id,
            wanted.statuses,
            dt.date.fromisoformat(wanted.first) if wanted.first else dt.date.min,
            dt.date.fromisoformat(wanted.last) if wanted.last else dt.date.max,
            wanted.slot,
            *(before or _NEWEST),
            limit,
        ]
        name = "list_bookings"
        if wanted.q is not None:
            name = "search_bookings"
            terms = terms_of(wanted.q)
            arguments += [terms.reference, *_ranges(terms.either), *_ranges(terms.all)]
        async with questions(self._pool, wanted.club) as connection:
            rows = await connection.fetch(query(name), *arguments)
        return [decode_record(row["doc"]) for row in rows]


def _ranges(terms: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """From each term to behind all that begins with it."""
    return list(terms), [term + _BEYOND for term in terms]
