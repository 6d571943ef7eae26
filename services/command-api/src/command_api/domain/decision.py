"""What deciding yields: a decision (events, records, notices, answer) or a rejection."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import field

from command_api.domain.model import Record
from holdfast.contracts.blocks import Block
from holdfast.contracts.bookings import Booking
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.holds import Hold
from holdfast.contracts.notices import Notice
from holdfast.contracts.problems import Code

Answer: TypeAlias = Hold | Booking | Block | None


class Outcome(msgspec.Struct, kw_only=True):
    """`valid_from`/`valid_until` is the time that the outcome relies on: the database's clock,
    under the lock, must not be before the one nor at or past the other."""

    valid_from: str | None = None
    """The latest expiry that was taken as passed."""
    valid_until: str | None = None
    """The earliest expiry that was taken as still ahead, where the outcome depends on it."""


class Decision(Outcome, kw_only=True):
    """`events` are versioned, dense from the channel's version + 1. Records are whole values."""

    events: list[AvailabilityUpdated] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    answer: Answer = None
    created: bool = False
    """Whether the answer stands for something new (HTTP: 201)."""


class Rejection(Outcome, kw_only=True):
    """`facts` have camelCase names: they become members of the problem."""

    code: Code
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)
