"""Pages of records of which some are not shown: filled up, so that a short page means the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from command_api.domain.records import Record
from command_api.http.reading import page_token
from command_api.http.records import page_of
from holdfast.contracts.ids import epoch_ms

T = TypeVar("T")
Place = tuple[int, str]
"""(created ms, id) of the last record that was looked at."""

ROUNDS = 5
"""Reads for one page. Where even these do not fill it, it is short, with a token to go on."""


async def fill_page(
    fetch: Callable[[int, Place | None], Awaitable[list[Record]]],
    show: Callable[[Record], T | None],
    limit: int,
    after: Place | None,
) -> tuple[list[T], str | None]:
    """Items, and the token of the next page. `fetch` gives records behind a place, newest first;
    `show` gives None for those that are left out."""
    items: list[T] = []
    last: Record | None = None
    for _ in range(ROUNDS):
        records = await fetch(limit + 1, after)
        for number, record in enumerate(records, 1):
            last = record
            item = show(record)
            if item is not None:
                items.append(item)
            if len(items) == limit:
                more = number < len(records) or len(records) > limit
                return items, page_token(page_of(record)) if more else None
        if last is None or len(records) <= limit:
            return items, None
        after = (epoch_ms(last.created_at), last.id)
    assert last is not None
    return items, page_token(page_of(last))
