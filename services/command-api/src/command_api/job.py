"""What the writer takes and gives: submissions, replies, and the job in between."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import msgspec

from command_api.domain.commands import (
    CancelBooking,
    Command,
    ConfirmHold,
    ExtendHold,
    HoldSections,
    ReleaseHold,
)
from command_api.domain.decision import Rejection
from command_api.domain.model import BookingRecord, ChannelState, HoldRecord, Venue
from command_api.store.heads import night_head

KeyPlace: TypeAlias = tuple[str, str, str]
"""(club, subject, idempotency key)."""


class Unavailable(Exception):
    """The command was not carried out and may be sent again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"not carried out; try again in {retry_after} s")
        self.retry_after = retry_after


class Submission(msgspec.Struct, kw_only=True):
    """A command to carry out once. `hash` is over method, path and body: the same key with another
    hash is another request. `subject` is the token's; `key` the Idempotency-Key, if any."""

    command: Command
    club: str
    venue: str
    command_id: str
    subject: str
    key: str | None
    hash: bytes

    @property
    def place(self) -> KeyPlace | None:
        return None if self.key is None else (self.club, self.subject, self.key)


class Reply(msgspec.Struct):
    """The stored answer, as JSON; `created`: it stands for something new; `replayed`: it was given
    before."""

    body: bytes
    created: bool
    replayed: bool


class Job:
    """A submission with the future that its asker waits on. `deadline`: steady seconds."""

    __slots__ = ("attempts", "deadline", "future", "submission")

    def __init__(
        self, submission: Submission, future: asyncio.Future[Reply | Rejection], deadline: float
    ) -> None:
        self.submission = submission
        self.future = future
        self.deadline = deadline
        self.attempts = 0

    def settle(self, outcome: Reply | Rejection) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def night_customer(venue: Venue, channel: ChannelState, command: Command) -> str | None:
    """Whose night the command depends on or changes, where the policy limits nights at all.

    Expiry needs none: what a night knows of a hold includes its end.
    """
    if venue.policy.max_tables_per_customer_per_date is None:
        return None
    match command:
        case HoldSections():
            return command.customer_id
        case ExtendHold() | ReleaseHold() | ConfirmHold():
            record = channel.records.get(command.hold_id)
            return record.customer_id if isinstance(record, HoldRecord) else None
        case CancelBooking():
            record = channel.records.get(command.booking_id)
            return record.customer_id if isinstance(record, BookingRecord) else None
        case _:
            return None


def night_place(venue: Venue, date: str, customer_id: str) -> tuple[str, str]:
    """(club, head) of a customer's night."""
    return venue.club, night_head(venue.venue, date, customer_id)
