"""One flight of the writer: commands decided together in memory, appended in one statement.

Deciding moves the cached states on; a journal keeps what they were, so that a group which was not
written goes back to the state that the database still has.

    jobs ─▶ decide one after another (each sees the ones before) ─▶ groups (jobs that share a head)
         ─▶ rows ─▶ append ─▶ settled: written or confirmed · lost: another replica was there first
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

import msgspec

from command_api.cache import StateCache
from command_api.domain.decide import decide
from command_api.domain.decision import Decision, Rejection
from command_api.domain.evolve import apply
from command_api.domain.model import ChannelState, Missing, QuotaKey, Scope, Venue
from command_api.job import Job, Reply
from command_api.journal import ChannelJournal, QuotaJournal, venue_use
from command_api.store.append import Batch, CommandRow, Result
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("holdfast.writer")

_encode = msgspec.json.Encoder().encode


class Planned:
    """A job with its outcome. `index`: its number in the batch."""

    __slots__ = ("body", "group", "index", "job", "outcome", "scope", "writes")

    def __init__(self, job: Job, scope: Scope, outcome: Decision | Rejection) -> None:
        self.job = job
        self.scope = scope
        self.outcome = outcome
        self.writes = isinstance(outcome, Decision) and bool(outcome.parts)
        self.body = _encode(outcome.answer) if isinstance(outcome, Decision) else b""
        self.group = self.index = -1


class _Group:
    """Jobs that share a head: written wholly or not at all."""

    __slots__ = ("channels", "planned", "quotas", "stamp", "venues")

    def __init__(self) -> None:
        self.planned: list[Planned] = []
        self.channels: dict[ChannelKey, ChannelJournal] = {}
        self.quotas: dict[QuotaKey, QuotaJournal] = {}
        self.venues: dict[tuple[str, str], Venue] = {}
        self.stamp = secrets.randbits(62) + 1

    @property
    def writes(self) -> bool:
        return any(planned.writes for planned in self.planned)

    def restore(self) -> None:
        for channel in self.channels.values():
            channel.restore()
        for quota in self.quotas.values():
            quota.restore()

    def settle(self) -> None:
        """The database has it: the states stand where the batch put them."""
        for channel in self.channels.values():
            if channel.written:
                channel.state.stamp = self.stamp
        for journal in self.quotas.values():
            if journal.written:
                journal.quota.version += 1
                journal.quota.stamp = self.stamp


class Landing(msgspec.Struct):
    """What became of the jobs. `again` lost nothing but time and are decided anew; `contended` lost
    a race; `changed` are the channels with new events."""

    again: list[Job]
    contended: list[Job]
    changed: list[ChannelKey]


class _Reach:
    """The cached channels that a decision may look at: not those that somebody is working on under
    their row locks, whose states move meanwhile."""

    __slots__ = ("_cache", "_is_busy")

    def __init__(self, cache: StateCache, is_busy: Callable[[ChannelKey], bool]) -> None:
        self._cache = cache
        self._is_busy = is_busy

    def get(self, key: ChannelKey, /) -> ChannelState | None:
        return None if self._is_busy(key) else self._cache.channels.get(key)


class Flight:
    """Decide and stage `jobs`; what they are sure to need is in the cache. `again`: jobs that turned
    out to need more, which they now name."""

    def __init__(
        self,
        cache: StateCache,
        now: Callable[[], str],
        is_busy: Callable[[ChannelKey], bool] = lambda _key: False,
    ) -> None:
        self._cache = cache
        self._now = now
        self._reach = _Reach(cache, is_busy)
        self._channels: dict[ChannelKey, ChannelJournal] = {}
        self._quotas: dict[QuotaKey, QuotaJournal] = {}
        self._groups: list[_Group] = []
        self.planned: list[Planned] = []
        self.again: list[Job] = []
        self.batch = Batch()

    @property
    def touched(self) -> tuple[list[ChannelKey], list[QuotaKey]]:
        """Channels and quotas that an append of unknown outcome may have moved on."""
        return list(self._channels), list(self._quotas)

    def decide(self, jobs: list[Job]) -> None:
        """Decide each job on the state that the ones before it leave behind, then stage the rows."""
        for job in jobs:
            self._decide(job)
        self._form_groups()
        for number, group in enumerate(self._groups):
            self._stage(number, group)

    def _decide(self, job: Job) -> None:
        command = job.submission.command
        venue = self._cache.venues.get((job.submission.club, job.submission.venue))
        state = self._cache.channels.get(command.channel)
        if venue is None or state is None:  # so many states that the first were forgotten again
            self.again.append(job)
            return
        scope = Scope(venue, state, self._reach, self._cache.quotas)
        try:
            planned = Planned(job, scope, decide(scope, command, self._now()))
        except Missing as missing:
            job.lack(missing)
            self.again.append(job)
            return
        except Exception as error:  # a rule's bug is its own command's failure, nobody else's
            log.exception("deciding failed")
            job.fail(error)
            return
        self._journal(planned)
        if planned.writes and isinstance(planned.outcome, Decision):
            apply(scope, planned.outcome)
        self.planned.append(planned)

    def _journal(self, planned: Planned) -> None:
        """Note all that the outcome rests on, and keep what it is about to change."""
        scope, outcome = planned.scope, planned.outcome
        for key, state in scope.used_channels.items():
            channel = self._channels.get(key)
            if channel is None:
                channel = self._channels[key] = ChannelJournal(state)
            if planned.writes and isinstance(outcome, Decision) and key in outcome.parts:
                channel.save(outcome.parts[key])
        for quota_key, quota in scope.used_quotas.items():
            journal = self._quotas.get(quota_key)
            if journal is None:
                journal = self._quotas[quota_key] = QuotaJournal(quota)
            journal.written = journal.written or planned.writes
        if len(scope.used_channels) > 1:
            planned.job.channels.update(scope.used_channels)

    def _form_groups(self) -> None:
        """Union of jobs over the heads that may be written (union-find by head name)."""
        parents: dict[object, object] = {}

        def root(item: object) -> object:
            while parents.setdefault(item, item) is not item:
                parents[item] = item = parents[parents[item]]
            return item

        for planned in self.planned:
            own = planned.scope.channel.key
            for head in (*planned.scope.used_channels, *planned.scope.used_quotas):
                if head != own:
                    parents[root(head)] = root(own)
        groups: dict[object, _Group] = {}
        for planned in self.planned:
            scope = planned.scope
            group = groups.setdefault(root(scope.channel.key), _Group())
            group.planned.append(planned)
            group.venues[scope.venue.club, scope.venue.venue] = scope.venue
            for key in scope.used_channels:
                group.channels[key] = self._channels[key]
            for quota_key in scope.used_quotas:
                group.quotas[quota_key] = self._quotas[quota_key]
        self._groups = list(groups.values())

    def _stage(self, number: int, group: _Group) -> None:
        writes = group.writes
        for planned in group.planned:
            planned.group = number
            planned.index = self.batch.add_command(number, _command_row(planned))
            if planned.writes and isinstance(planned.outcome, Decision):
                scope, command_id = planned.scope, planned.job.submission.command_id
                for key, part in planned.outcome.parts.items():
                    state = scope.used_channels[key]
                    self.batch.add_part(number, scope.venue, state, part, command_id, group.stamp)
        outcomes = [planned.outcome for planned in group.planned]
        self.batch.add_group(
            [
                *(venue_use(venue, relied_on=writes) for venue in group.venues.values()),
                *(journal.use(group.stamp) for journal in group.channels.values()),
                *(journal.use(group.stamp) for journal in group.quotas.values()),
            ],
            max((o.valid_from for o in outcomes if o.valid_from is not None), default=None),
            min((o.valid_until for o in outcomes if o.valid_until is not None), default=None),
        )

    def land(self, result: Result) -> Landing:
        """Settle what was written or confirmed; put back the states of what was not."""
        landing = Landing([], [], [])
        duplicates = {duplicate.index: duplicate for duplicate in result.duplicates}
        refused = {
            planned.group
            for planned in self.planned
            if planned.writes and planned.index in duplicates
        }
        for number, group in enumerate(self._groups):
            if number in result.lost or number in result.late or number in refused:
                group.restore()
            else:
                group.settle()
                landing.changed += [
                    key for key, journal in group.channels.items() if journal.written
                ]
        for planned in self.planned:
            duplicate = duplicates.get(planned.index)
            if duplicate is not None:
                submission = planned.job.submission
                if duplicate.hash != submission.hash:
                    planned.job.settle(key_reused())
                else:
                    replayed = duplicate.command_id != submission.command_id
                    planned.job.settle(Reply(duplicate.reply, duplicate.created, replayed))
            elif planned.group in result.lost:
                landing.contended.append(planned.job)
            elif planned.group in result.late or planned.group in refused:
                landing.again.append(planned.job)
            elif isinstance(planned.outcome, Rejection):
                planned.job.settle(planned.outcome)
            else:
                planned.job.settle(Reply(planned.body, planned.outcome.created, replayed=False))
        return landing

    def abandon(self) -> None:
        """Nothing of it was written: put all states back."""
        for group in self._groups:
            group.restore()


def key_reused() -> Rejection:
    """The answer to a known idempotency key with another request."""
    return Rejection(
        code=Code.IDEMPOTENCY_KEY_REUSED,
        detail="This Idempotency-Key was used for another request. Use a new key for a new request.",
    )


def _command_row(planned: Planned) -> CommandRow:
    submission = planned.job.submission
    return CommandRow(
        club=submission.club,
        id=submission.command_id,
        subject=submission.subject,
        key=submission.key,
        hash=submission.hash,
        write=planned.writes,
        created=isinstance(planned.outcome, Decision) and planned.outcome.created,
        reply=planned.body,
    )
