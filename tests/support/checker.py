"""The checker: what Postgres logged is what the stream holds is what every client saw.

    watcher = Watcher(gateway.url, [channel]); …; await verify(database, nats, [channel], [watcher])

- versions are dense from 1, in Postgres and in the stream, one message each, the same bytes;
- every client's events are dense behind its snapshot, none twice, and equal the log's (redacted);
- every client's screen equals the snapshot of Postgres at the end;
- acknowledged = committed: every answer's version and record are in the log, and nobody else's claims.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from tests.support.jetstream import stored
from tests.support.sse import Event, open_stream

from command_api.domain.views.snapshot import staff_snapshot
from command_api.store.heads import channel_head
from command_api.store.load import load_channel, load_venue
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.redact import public_event, public_section
from holdfast.contracts.snapshots import StaffSnapshot
from holdfast.contracts.subjects import LIVE_STREAM, availability_subject, message_id
from holdfast.runtime.nats import Client

Json = dict[str, Any]


class Screen:
    """One channel as a client shows it. Raises AssertionError on a hole, a repeat or an overlap."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.version = -1
        self.sections: dict[str, Json] = {}
        self.seen: dict[int, Json] = {}
        """Events by version, since the beginning."""
        self.snapshots = 0

    def snapshot(self, data: Json) -> None:
        assert data["version"] >= self.version, (
            f"a snapshot went back: {data['version']} < {self.version}"
        )
        self.snapshots += 1
        self.version = data["version"]
        self.sections = {section["sectionId"]: section for section in data["sections"]}

    def event(self, data: Json) -> None:
        version = data["version"]
        assert version == self.version + 1, f"{self.channel}: {version} came after {self.version}"
        self.version = version
        self.seen[version] = data
        if data["eventType"] != "availability.updated":
            return
        section = self.sections[data["sectionId"]]
        assert section["state"] == data["previousState"], (section, data)
        section.update(
            state=data["newState"], capacity=data["capacity"], heldUntil=data["heldUntil"]
        )
        if "claims" in section:
            claims = {claim["claimId"]: claim for claim in section["claims"]}
            for removed in data["claimsRemoved"]:
                del claims[removed]
            claims.update((claim["claimId"], claim) for claim in data["claimsAdded"])
            section["claims"] = [claims[id_] for id_ in sorted(claims)]


class Watcher:
    """A client that stays: it reconnects with its last id until `stop`, like an EventSource."""

    def __init__(
        self, url: str, channels: Sequence[ChannelKey], headers: Mapping[str, str] | None = None
    ) -> None:
        self.url = url
        self.channels = list(channels)
        self.headers = dict(headers or {})
        self.screens = {key.name: Screen(key.name) for key in channels}
        self.last_id: str | None = None
        self.connects = 0
        self.resets: list[str] = []
        self.private: list[Json] = []
        self.error: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.check()

    def check(self) -> None:
        """Raise what went wrong in the background."""
        if self.error is not None:
            raise self.error

    async def at(self, versions: Mapping[str, int], timeout: float = 30) -> None:
        """Wait until every screen is at its version."""
        async with asyncio.timeout(timeout):
            while any(self.screens[name].version < version for name, version in versions.items()):
                self.check()
                self._moved.clear()
                await self._moved.wait()
        self.check()

    async def _run(self) -> None:
        while True:
            try:
                await self._connect()
            except (OSError, asyncio.IncompleteReadError):
                pass  # the gateway is away: an EventSource tries again
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - kept for check()
                self.error = error
                self._moved.set()
                return
            await asyncio.sleep(0.02)

    async def _connect(self) -> None:
        query = "&".join(f"channel={key.name}" for key in self.channels)
        headers = dict(self.headers)
        if self.last_id is not None:
            headers["last-event-id"] = self.last_id
        stream = await open_stream(f"{self.url}/v1/stream?{query}", headers)
        try:
            assert stream.status == 200, f"an EventSource dies of {stream.status}"
            self.connects += 1
            self._moved.set()
            pending: list[Event] = []
            async for event in stream:
                # Events of a join without an id yet: a cut resumes before them, so they count only
                # once the frame that carries the id is here.
                pending.append(event)
                if event.id is None and event.name != "reset":
                    continue
                for each in pending:
                    self._take(each)
                pending.clear()
                self._moved.set()
        finally:
            stream.abort()

    def _take(self, event: Event) -> None:
        if event.id is not None:
            self.last_id = event.id
        match event.name:
            case "snapshot":
                self.screens[event.data["channel"]].snapshot(event.data)
            case "availability.updated" | "layout.updated":
                self.screens[event.data["channel"]].event(event.data)
            case "customer.updated":
                self.private.append(event.data)
            case "reset":
                self.resets.append(event.data["reason"])
                for screen in self.screens.values():
                    screen.version = -1


async def logged(connection: asyncpg.Connection, key: ChannelKey) -> dict[int, bytes]:
    """The bodies of the log by version; dense."""
    rows = await connection.fetch(
        "select version, body from holdfast.events where club = $1 and head = $2"
        " and version is not null order by version",
        key.club,
        channel_head(key),
    )
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    return {row["version"]: row["body"] for row in rows}


async def verify(
    database: str,
    nc: Client,
    channels: Iterable[ChannelKey],
    watchers: Sequence[Watcher],
    answers: Iterable[Json] = (),
) -> None:
    """Raises AssertionError where the four views differ; waits for what is on its way."""
    connection = await asyncpg.connect(database)
    try:
        states, logs = {}, {}
        for key in channels:
            logs[key] = await logged(connection, key)
            state = await load_channel(connection, key)
            venue = await load_venue(connection, key.club, key.venue)
            assert venue is not None
            assert state.version == len(logs[key])
            states[key] = staff_snapshot(venue, state, epoch="", cursor=None, server_time="")
        for watcher in watchers:
            await watcher.at({key.name: len(logs[key]) for key in watcher.channels})
        await _stream_equals(nc, logs)
        for watcher in watchers:
            for key in watcher.channels:
                _seen_equals(watcher.screens[key.name], logs[key])
                _screen_equals(watcher.screens[key.name], states[key])
        await _committed(connection, answers)
    finally:
        await connection.close()


async def _stream_equals(nc: Client, logs: Mapping[ChannelKey, Mapping[int, bytes]]) -> None:
    by_subject: dict[str, list[tuple[str, bytes, str]]] = {}
    for message in await stored(nc, LIVE_STREAM):
        by_subject.setdefault(message.subject, []).append(
            (message.message_id, message.body, message.epoch)
        )
    for key, log in logs.items():
        messages = by_subject.get(availability_subject(key), [])
        assert [body for _, body, _ in messages] == list(log.values()), f"{key.name}: stream ≠ log"
        assert [id_ for id_, _, _ in messages] == [
            message_id(epoch, key, version)
            for version, (_, _, epoch) in zip(log, messages, strict=True)
        ]


def _seen_equals(screen: Screen, log: Mapping[int, bytes]) -> None:
    for version, seen in screen.seen.items():
        expected = msgspec.json.decode(log[version])
        if "actor" not in seen and expected["eventType"] == "availability.updated":
            full = msgspec.json.decode(log[version], type=AvailabilityUpdated)
            expected = msgspec.to_builtins(public_event(full))
        assert seen == expected, f"{screen.channel}: {version} was seen as {seen}, is {expected}"


def _screen_equals(screen: Screen, snapshot: StaffSnapshot) -> None:
    staff = any("claims" in section for section in screen.sections.values())
    expected = {
        section.section_id: msgspec.to_builtins(section if staff else public_section(section))
        for section in snapshot.sections
    }
    assert screen.version == snapshot.version
    assert screen.sections == expected, f"{screen.channel}: the screen is not the snapshot"


async def _committed(connection: asyncpg.Connection, answers: Iterable[Json]) -> None:
    for answer in answers:
        id_ = answer.get("bookingId") or answer.get("holdId") or answer.get("blockId")
        row = await connection.fetchrow(
            "select r.version_of_channel from (select h.version as version_of_channel, r.id"
            " from holdfast.records r join holdfast.heads h using (club, head)) r where r.id = $1",
            id_,
        )
        assert row is not None, f"acknowledged and not committed: {id_}"
        assert answer["version"] <= row["version_of_channel"]
