"""The HTTP application on stand-ins: a writer that notes what it is given, reads from memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, cast

import httpx
from tests.unit.domain.build import NOW, venue

from command_api.domain.decision import Rejection
from command_api.domain.draft.claims import tally_of
from command_api.domain.holds.vacancy import Vacancy, vacancy_of
from command_api.domain.model import ChannelState, Venue
from command_api.domain.records import BookingRecord, HoldRecord, Record
from command_api.domain.venue.floor_plan import FloorPlan
from command_api.domain.venue.places import Lots, lots_of
from command_api.domain.waitlist.offers import place_of
from command_api.domain.waitlist.queue import ends_of
from command_api.http.app import create_app
from command_api.http.call import Services
from command_api.http.guests import Guests
from command_api.http.payment_secrets import PaymentSecrets
from command_api.http.resource import Observe
from command_api.job import Reply, Submission
from command_api.store.bookings import BookingFilter
from command_api.store.occupancy import Tallies
from command_api.store.reads import Reads
from command_api.store.venues import ClubMissing, RevisionMismatch, RevisionRequired, VenueStored
from command_api.store.waitlist import Queue
from command_api.writer import Writer
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.cursor import Cursor
from holdfast.contracts.ids import epoch_ms, timestamp
from holdfast.contracts.states import Role
from holdfast.contracts.venues import (
    Club,
    ClubDefinition,
    Layout,
    Policy,
    VenueDefinition,
    VenueListing,
)
from holdfast.runtime.addresses import Addresses
from holdfast.runtime.auth import TokenVerifier, issue_token

SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
BASE = "/v1/clubs/backroom/venues/leeds"


class StubWriter:
    """Gives `outcomes` in order, then holds."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        self.outcomes: list[Reply | Rejection | Exception] = []

    async def submit(self, submission: Submission) -> Reply | Rejection:
        self.submissions.append(submission)
        outcome = self.outcomes.pop(0) if self.outcomes else self._held(submission)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @staticmethod
    def _held(submission: Submission) -> Reply:
        ids = ("hold_id", "booking_id", "block_id")
        camel = {"hold_id": "holdId", "booking_id": "bookingId", "block_id": "blockId"}
        body = {
            camel[i]: getattr(submission.command, i) for i in ids if hasattr(submission.command, i)
        }
        return Reply(json.dumps(body).encode(), created=True, replayed=False)


class StubOccupancy:
    """Counts what the stub's channels have; `asked` are the sections that were asked for."""

    def __init__(self, reads: StubReads) -> None:
        self._reads = reads
        self.asked: list[list[str] | None] = []

    async def tallies(self, found: Venue, key: ChannelKey, sections: list[str] | None) -> Tallies:
        self.asked.append(sections)
        state = await self._reads.channel(key)
        counted = {id_: tally_of(claims.values()) for id_, claims in state.claims.items()}
        if sections is not None:
            counted = {id_: counted[id_] for id_ in sections if id_ in counted}
        return Tallies(state.version, counted)

    def lots(self, found: Venue, slot_id: str, party: int | None) -> Lots:
        return lots_of(found, found.members.get(slot_id), party)

    async def places_taken(self, *_range: Any) -> dict[tuple[str, str], int]:
        return {}


class StubVacancies:
    """What is free by the stub's channels; `asked` are the keys, load by load."""

    def __init__(self, reads: StubReads) -> None:
        self._reads = reads
        self.asked: list[list[ChannelKey]] = []
        self.error: Exception | None = None

    async def of(
        self, found: Venue, keys: Iterable[ChannelKey], now_ms: int
    ) -> dict[ChannelKey, Vacancy]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return {
            key: vacancy_of(found, await self._reads.channel(key), timestamp(now_ms))
            for key in self.asked[-1]
        }


class StubBookings:
    """Finds every booking; `asked` are the filters."""

    def __init__(self, reads: StubReads) -> None:
        self._reads = reads
        self.asked: list[BookingFilter] = []

    async def page(
        self, wanted: BookingFilter, limit: int, before: tuple[int, str] | None
    ) -> list[Record]:
        self.asked.append(wanted)
        found = [r for r in self._reads.records.values() if isinstance(r, BookingRecord)]
        found.sort(key=lambda record: (record.created_at, record.id), reverse=True)
        if before is not None:
            found = [r for r in found if (epoch_ms(r.created_at), r.id) < before]
        return list(found[:limit])


class StubWaitlist:
    """The queues of the stub's channels."""

    def __init__(self, reads: StubReads) -> None:
        self._reads = reads

    async def queue(self, key: ChannelKey) -> Queue:
        state = await self._reads.channel(key)
        holds = {id_: r for id_, r in state.records.items() if isinstance(r, HoldRecord)}
        claims = [claim for here in state.claims.values() for claim in here.values()]
        entries = sorted(state.entries.values(), key=place_of)
        return Queue(entries, holds, ends_of(claims))


class StubReads:
    """What is stored, by hand."""

    def __init__(self) -> None:
        self.venues_: dict[tuple[str, str], Venue] = {("backroom", "leeds"): venue()}
        self.clubs_: dict[str, Club] = {"backroom": club("backroom")}
        self.records: dict[str, Record] = {}
        self.channels: dict[ChannelKey, ChannelState] = {}
        self.position: Cursor | None = Cursor("abcd", 7)
        self.looked_up: list[str] = []
        self.error: Exception | None = None
        self.occupancy = StubOccupancy(self)
        self.vacancies = StubVacancies(self)
        self.bookings = StubBookings(self)
        self.waitlist = StubWaitlist(self)

    async def owner_of_transaction(self, _club: str, _transaction: str, asker: str) -> str:
        return asker

    async def venue(self, club_id: str, venue_id: str) -> Venue | None:
        if self.error is not None:
            raise self.error
        return self.venues_.get((club_id, venue_id))

    async def club(self, club_id: str) -> Club | None:
        return self.clubs_.get(club_id)

    async def clubs(self, limit: int, after: str | None) -> list[Club]:
        return [c for id_, c in sorted(self.clubs_.items()) if id_ > (after or "")][:limit]

    async def venues(self, club_id: str, limit: int, after: str | None) -> list[VenueListing]:
        return [
            VenueListing(club_id=club_id, venue_id=v, name="", timezone="UTC", layout_version=1)
            for c, v in sorted(self.venues_)
            if c == club_id and v > (after or "")
        ][:limit]

    async def put_club(self, club_id: str, definition: ClubDefinition) -> tuple[Club, bool]:
        created = club_id not in self.clubs_
        self.clubs_[club_id] = club(club_id, definition.name)
        return self.clubs_[club_id], created

    async def record(self, club_id: str, record_id: str) -> Record | None:
        self.looked_up.append(record_id)
        return self.records.get(record_id)

    async def records_by_id(self, _club: str, record_ids: list[str]) -> dict[str, Record]:
        return {id_: self.records[id_] for id_ in record_ids if id_ in self.records}

    async def records_of_customer(
        self,
        club_id: str,
        customer_id: str,
        *,
        kind: str,
        limit: int,
        after: tuple[int, str] | None,
        **_more: Any,
    ) -> list[Record]:
        prefix = {"hold": "h", "booking": "b", "entry": "e"}[kind]
        mine = [r for r in self.records.values() if r.customer_id == customer_id]
        mine.sort(key=lambda record: (record.created_at, record.id), reverse=True)
        if after is not None:
            mine = [r for r in mine if (epoch_ms(r.created_at), r.id) < after]
        return [record for record in mine if record.id.startswith(prefix)][:limit]

    async def channel(self, key: ChannelKey) -> ChannelState:
        return self.channels.get(key, ChannelState(key))

    async def floor_plan(self, found: Venue) -> FloorPlan:
        return FloorPlan(found)

    async def channel_version(self, key: ChannelKey) -> int:
        return (await self.channel(key)).version

    async def history(self) -> Cursor | None:
        return self.position

    async def layout(self, club_id: str, venue_id: str, layout_version: int) -> Layout | None:
        found = self.venues_.get((club_id, venue_id))
        if found is None or layout_version != found.layout_version:
            return None
        return Layout(
            club_id=club_id,
            venue_id=venue_id,
            layout_version=layout_version,
            canvas_w=0,
            canvas_h=0,
            categories=found.definition.categories,
            sections=found.definition.sections,
        )


def club(club_id: str, name: str = "") -> Club:
    return Club(club_id=club_id, name=name, created_at=NOW)


class Desk:
    """The application, and a client in front of it."""

    def __init__(
        self,
        *,
        cors: tuple[str, ...] = (),
        observe: Observe | None = None,
        payment_secrets: tuple[str, ...] = (),
    ) -> None:
        self.writer = StubWriter()
        self.reads = StubReads()
        self.now = NOW
        self.ready = {"postgres": True}
        self.services = services = Services(
            writer=cast(Writer, self.writer),
            reads=cast(Reads, self.reads),
            put_venue=self._put_venue,
            verifier=TokenVerifier(SECRET),
            clock=lambda: self.now,
            readiness=lambda: self.ready,
            guests=Guests(SECRET, Addresses(), per_minute=3, session_seconds=600),
            payment_secrets=PaymentSecrets(payment_secrets),
        )
        self.app = create_app(services, cors_origins=cors, observe=observe)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://holdfast.test"
        )

    def policy(self, policy: Policy) -> None:
        self.reads.venues_["backroom", "leeds"] = venue(policy)

    async def get(self, path: str, by: str | None = None, **headers: str) -> httpx.Response:
        return await self.request("GET", path, None, by, **headers)

    async def ask(self, path: str, query: dict[str, Any], by: str) -> httpx.Response:
        headers = {"authorization": "Bearer " + token(by)}
        return await self.http.get(BASE + path, params=query, headers=headers)

    async def post(
        self, path: str, body: Any = None, by: str | None = "customer", **headers: str
    ) -> httpx.Response:
        return await self.request("POST", path, body, by, **{"idempotency_key": "k1", **headers})

    async def request(
        self, method: str, path: str, body: Any = None, by: str | None = None, **headers: str
    ) -> httpx.Response:
        """`by` names a role; `headers` as keywords, empty ones are left out."""
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        if by is not None and "authorization" not in sent:
            sent["authorization"] = "Bearer " + token(by)
        where = path if path.startswith(("/v1", "/livez", "/readyz")) else BASE + path
        if isinstance(body, bytes):
            sent.setdefault("content-type", "application/json")
            return await self.http.request(method, where, content=body, headers=sent)
        return await self.http.request(method, where, json=body, headers=sent)

    async def _put_venue(
        self, club_id: str, venue_id: str, definition: VenueDefinition, revision: int | None
    ) -> VenueStored:
        if club_id not in self.reads.clubs_:
            raise ClubMissing
        current = self.reads.venues_.get((club_id, venue_id))
        if current is not None and revision is None:
            raise RevisionRequired
        if current is not None and revision != current.revision:
            raise RevisionMismatch(current.revision)
        made = venue()
        made.club, made.venue, made.definition = club_id, venue_id, definition
        made.revision = current.revision + 1 if current else 1
        self.reads.venues_[club_id, venue_id] = made
        return VenueStored(made, created=current is None, changed=[])


def token(role: str, club_id: str | None = "", sub: str = "", **claims: Any) -> str:
    """A token of the club; customers and the platform's admin belong to none."""
    if club_id == "":
        club_id = None if role in ("customer", "admin") else "backroom"
    sub = sub or {"customer": "ann"}.get(role, f"a-{role}")
    return issue_token(SECRET, role=Role(role), subject=sub, club=club_id, **claims)


def bearer(role: str, club_id: str | None = "", sub: str = "", **claims: Any) -> str:
    return "Bearer " + token(role, club_id, sub, **claims)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """(status, code) of a problem, with all that every problem has."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    assert problem["requestId"] == answer.headers["x-request-id"]
    assert problem["type"].startswith("urn:holdfast:problem:")
    assert problem["title"]
    assert problem["detail"].endswith(".")
    return answer.status_code, problem["code"]
