"""The nights of a venue: which slots run on which dates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from command_api.domain.model import Venue
from command_api.domain.venue.days import FIRST_DATE, LAST_DATE
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.schedule import slot_window


class Night(NamedTuple):
    """A slot on one date; times in milliseconds since the Unix epoch. `closed` by an exception; `over`:
    its end has passed."""

    date: str
    slot_id: str
    starts_at: int
    ends_at: int
    closed: bool
    over: bool


def nights_of(
    venue: Venue, dates: Iterable[str], now: str, slot_id: str | None = None
) -> list[Night]:
    """By date and start; only one slot's where one is named. Leaves nothing behind in the venue's
    memo of days, so that a long calendar does not push out what holds need."""
    slots = [slot for slot in venue.slots.values() if slot_id in (None, slot.slot_id)]
    now_ms = epoch_ms(now)
    nights = []
    for date in dates:
        if not FIRST_DATE <= date <= LAST_DATE:
            continue
        on_date = []
        for slot in slots:
            window = slot_window(slot, date, venue.definition.timezone)
            if window is not None:
                on_date.append(Night(date, slot.slot_id, *window, window.ends_at <= now_ms))
        nights += sorted(on_date, key=lambda night: (night.starts_at, night.slot_id))
    return nights
