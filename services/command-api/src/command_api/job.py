"""What the writer takes and gives: submissions, replies, and the job in between."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import msgspec

from command_api.domain.commands import (
    BookSeries,
    CancelSeries,
    Command,
    HoldSections,
    RequestBooking,
    RescheduleBooking,
)
from command_api.domain.decision import Rejection
from command_api.domain.draft.overlaps import overlapping
from command_api.domain.model import Missing, QuotaKey, Venue
from holdfast.contracts.channels import ChannelKey

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

    @property
    def is_personal(self) -> bool:
        """Whether it may repeat what its customer can have erased: bookings have a contact."""
        return self.body.startswith(b'{"bookingId":')


class Job:
    """A submission with the future that its asker waits on. `deadline`: steady seconds. `channels` and
    `quotas` are what its decision reaches for, as far as is known: foreseen, or found missing."""

    __slots__ = ("channels", "deadline", "foreseen", "future", "quotas", "submission")

    def __init__(
        self, submission: Submission, future: asyncio.Future[Reply | Rejection], deadline: float
    ) -> None:
        self.submission = submission
        self.future = future
        self.deadline = deadline
        self.channels: set[ChannelKey] = {submission.command.channel}
        self.quotas: set[QuotaKey] = set()
        self.foreseen = False

    def foresee(self, venue: Venue) -> None:
        """What is as good as certain to be needed, so that it is loaded in the first place."""
        if self.foreseen:
            return
        self.foreseen = True
        command, policy = self.submission.command, venue.policy
        self.channels.update(overlapping(venue, command.channel))
        if isinstance(command, RescheduleBooking):
            self.channels.add(command.to)
        elif isinstance(command, CancelSeries):
            self.channels.update(key for key, _booking in command.bookings)
        elif isinstance(command, BookSeries):
            self.channels.update(command.channels)
        elif isinstance(command, HoldSections | RequestBooking) and command.customer_id is not None:
            if policy.max_tables_per_customer_per_date is not None:
                self._foresee_quota(venue, command.channel.date, command.customer_id)
            holds = isinstance(command, HoldSections)
            if holds and policy.max_active_holds_per_customer is not None:
                self._foresee_quota(venue, None, command.customer_id)

    def _foresee_quota(self, venue: Venue, date: str | None, customer_id: str) -> None:
        self.quotas.add(QuotaKey(venue.club, venue.venue, date, customer_id))

    def lack(self, missing: Missing) -> None:
        """The decision reached for these in vain."""
        self.channels.update(missing.channels)
        self.quotas.update(missing.quotas)

    def settle(self, outcome: Reply | Rejection) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)
