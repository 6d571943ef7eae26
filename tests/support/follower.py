"""A client of a schedule: joins in one of many ways, is cut anywhere, and goes on where it was."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

from tests.support.ledger import Ledger, Sight
from tests.support.sse_client import Received
from tests.support.wire import Wire, connect

GZIP = {"Accept-Encoding": "gzip"}
ASIDE = ("checkpoint", "viewers")
"""Events that may come at any time and change nothing."""


class Audience(NamedTuple):
    """Who asks, and for what."""

    channels: list[str]
    headers: dict[str, str]
    staff: bool


class Follower:
    """Two sights: what it has seen, and what it may be sure of, which is all up to the last id. After
    a cut in the middle of a replay the same frames come again, for only the last of them has an id:
    then it goes on from what it was sure of. So no frame may come twice after one id."""

    def __init__(
        self,
        ledger: Ledger,
        audience: Audience,
        places: list[str],
        rng: random.Random,
        *,
        may_be_slow: bool = False,
    ) -> None:
        self.channels, headers, self._staff = audience
        self._may_be_slow = may_be_slow
        """Whether its backlogs are so long that it may be caught up by a snapshot."""
        self._ledger = ledger
        self._public = [name for name in self.channels if name.startswith("availability:")]
        self._private = len(self._public) < len(self.channels)
        self._headers = headers
        self._places = places
        self._rng = rng
        self._seen = Sight()
        self._sure = Sight()
        self._pending: list[Received] = []
        self._last_id = ""
        self._since = 0
        """Private events after this sequence are due; 0 until the first id tells."""
        self._snapshots_due = 0
        self._cuts = rng.choice((0, 1, 1, 2, 3, 5))
        self._woken = asyncio.Event()
        self._history: list[str] = []

    def wake(self) -> None:
        """Look again whether all is seen."""
        self._woken.set()

    async def follow(self, is_done: Callable[[], bool]) -> None:
        """Until `is_done` and everything is seen."""
        try:
            while not await self._connection(is_done):
                if self._rng.random() < 0.3:
                    await asyncio.sleep(self._rng.choice((0, 0.001, 0.01)))
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"{error!r} in {self}") from error

    async def _connection(self, is_done: Callable[[], bool]) -> bool:
        """One; whether all is seen."""
        query, headers = self._fresh() if self._starts_over() else self._resumed()
        if self._rng.random() < 1 / 3:
            headers = {**headers, **GZIP}
        limit = self._limit()
        url = f"{self._rng.choice(self._places)}/v1/stream?" + "&".join(
            [*(f"channel={each}" for each in self.channels), *query]
        )
        self._history.append(f"{query} {headers.get('Last-Event-ID')} cut at {limit}")
        wire = await connect(url, {**self._headers, **headers}, self._take, self.wake, limit=limit)
        try:
            return await self._read(wire, is_done)
        finally:
            wire.cut()

    async def _read(self, wire: Wire, is_done: Callable[[], bool]) -> bool:
        while True:
            await self._woken.wait()
            self._woken.clear()
            if wire.error is not None:
                raise wire.error
            if is_done() and self._is_complete():
                return True
            if wire.ended:
                return False
            if self._cuts and self._rng.random() < 0.1:
                self._cuts -= 1
                return False

    def _limit(self) -> int | None:
        """Bytes after which the next connection is cut."""
        if not self._cuts or self._rng.random() < 0.3:
            return None
        self._cuts -= 1
        return self._rng.choice((self._rng.randint(1, 700), self._rng.randint(300, 12_000)))

    def _starts_over(self) -> bool:
        return not (self._last_id or self._only_version()) or self._rng.random() < 0.05

    def _only_version(self) -> int | None:
        """Of the only channel, where there is one; a version may stand for a cursor there."""
        return self._seen.versions.get(self.channels[0]) if len(self.channels) == 1 else None

    def _fresh(self) -> tuple[list[str], dict[str, str]]:
        """A first join: from nowhere, or from a place that the ledger knows."""
        self._pending.clear()
        self._last_id = ""
        self._since = self._snapshots_due = 0
        self._seen = Sight()
        way = self._rng.choice(("snapshot", "snapshot", "cursor", "after", "none"))
        if way == "cursor":
            place = self._rng.choice(self._ledger.places())
            self._start_at({name: self._ledger.version_at(name, place) for name in self._public})
            self._since = place
            self._last_id = f"{self._ledger.publisher.epoch}-{place}"
            return self._by_id()
        if way == "after" and self.channels == self._public[:1]:
            (name,) = self.channels
            version = self._rng.randint(0, len(self._ledger.seqs[name]))
            self._start_at({name: version})
            return self._after(version), {}
        self._sure = self._seen.copy()
        if way == "none":
            return ["snapshot=none"], {}
        self._snapshots_due = len(self._public)
        return [], {}

    def _start_at(self, versions: dict[str, int]) -> None:
        self._seen.versions = versions
        self._seen.sections = {
            name: self._ledger.shown(name, version, staff=self._staff)
            for name, version in versions.items()
        }
        self._sure = self._seen.copy()

    def _resumed(self) -> tuple[list[str], dict[str, str]]:
        """By the last id, or by the version where there is only one channel."""
        self._snapshots_due = 0
        known = self._only_version()
        if known is not None and (not self._last_id or self._rng.random() < 0.3):
            # By version nothing comes again: it goes on from all that it has seen. The last id is
            # of an older place.
            self._last_id = ""
            self._sure = self._seen.copy()
            self._pending.clear()
            return self._after(known), {}
        self._seen = self._sure.copy()
        self._pending.clear()
        return self._by_id()

    def _by_id(self) -> tuple[list[str], dict[str, str]]:
        if self._rng.random() < 0.5:
            return [f"cursor={self._last_id}"], {}
        return [], {"Last-Event-ID": self._last_id}

    def _after(self, version: int) -> list[str]:
        query = [f"after={version}"]
        if self._rng.random() < 0.5:
            query.append(f"epoch={self._ledger.publisher.epoch}")
        return query

    def _take(self, received: Received) -> None:
        assert self._staff or received.event != "viewers", received
        if received.event == "snapshot":
            slow = received.data.get("reason") == "slow_consumer" and self._may_be_slow
            assert slow or self._snapshots_due > 0, "a snapshot that nobody asked for"
            self._snapshots_due -= not slow
        else:
            assert self._snapshots_due <= 0 or received.event in ASIDE, received
        self._seen.take(received)
        if received.event == "snapshot" and not received.data.get("partial"):
            name, version = received.data["channel"], received.data["version"]
            truth = self._ledger.shown(name, version, staff=self._staff)
            assert self._seen.sections[name] == truth, (name, version)
        self._pending.append(received)
        if received.id is not None:
            for each in self._pending:
                self._sure.take(each)
            self._pending.clear()
            self._last_id = received.id
            self._since = self._since or _seq(received.id)

    def _is_complete(self) -> bool:
        for name in self._public:
            version = self._seen.versions.get(name)
            seqs = self._ledger.seqs[name]
            if version is None and seqs and _seq(self._last_id) < seqs[-1]:
                return False
            if version is not None and version < len(seqs):
                return False
        return not self._private or bool(self._since and self._seen.notices == self._due())

    def _due(self) -> list[int]:
        """The private events that it must have seen."""
        return [revision for seq, revision in self._ledger.notices if seq > self._since]

    def compare(self) -> None:
        """With the truth, at the end."""
        if self._private:
            assert self._seen.notices == self._due()
        for name in self._public:
            final = len(self._ledger.states[name]) - 1
            version = self._seen.versions.get(name)
            if version is None:
                continue  # it joined after the last event, without a snapshot
            assert version == final, (name, version, final)
            truth = self._ledger.shown(name, final, staff=self._staff)
            # Not all are known after a join without a snapshot, or in a newer layout.
            for id_, shown in self._seen.sections.get(name, {}).items():
                assert truth[id_] == shown, (name, id_, truth[id_], shown)

    def __str__(self) -> str:
        return f"{self.channels} at {self._seen.versions} of {self._last_id}: {self._history}"


def _seq(cursor: str) -> int:
    return int(cursor.rpartition("-")[2] or 0)
