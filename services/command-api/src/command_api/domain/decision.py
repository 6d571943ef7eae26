"""What deciding yields: a decision (events, records, notices, answer) or a rejection."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import field

from command_api.domain.records import Record
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.notices import Notice
from holdfast.contracts.problems import Code

Answer: TypeAlias = msgspec.Struct | None
"""A body of the contracts."""


class Outcome(msgspec.Struct, kw_only=True):
    """`valid_from`/`valid_until` is the time that the outcome relies on: the database's clock,
    under the lock, must not be before the one nor at or past the other."""

    valid_from: str | None = None
    """The latest expiry that was taken as passed."""
    valid_until: str | None = None
    """The earliest expiry that was taken as still ahead, where the outcome depends on it."""


class Part(msgspec.Struct, kw_only=True):
    """What a decision does to one channel. `events` are versioned, dense from the channel's version
    + 1. `records` are whole values of records whose own channel this is; `gone` are ids of records
    that left it for another channel."""

    events: list[AvailabilityUpdated] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


class Decision(Outcome, kw_only=True):
    """`parts` by channel: the command's own first, others where it reaches further."""

    parts: dict[ChannelKey, Part] = field(default_factory=dict)
    answer: Answer = None
    created: bool = False
    """Whether the answer stands for something new (HTTP: 201)."""

    @property
    def events(self) -> list[AvailabilityUpdated]:
        """Of all channels."""
        return [event for part in self.parts.values() for event in part.events]

    @property
    def records(self) -> list[Record]:
        """Of all channels."""
        return [record for part in self.parts.values() for record in part.records]

    @property
    def notices(self) -> list[Notice]:
        """Of all channels."""
        return [notice for part in self.parts.values() for notice in part.notices]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Sections by name with their quantities, and for how many people."""

    sections: dict[str, int]
    party_size: int | None


class Rejection(Outcome, kw_only=True):
    """`facts` have camelCase names: they become members of the problem. `wanted`: what could not be had,
    where the command does not say it itself."""

    code: Code
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)
    wanted: Wanted | None = None
