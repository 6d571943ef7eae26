"""A venue on a real database, with the application in front of it in this process; its reads may be a while
ahead of the writer, so that holds are past their time without anybody waiting."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import httpx
from tests.support.services import SECRET, bearer

from command_api.clock import DatabaseClock
from command_api.domain.times import later
from command_api.http.app import create_app
from command_api.http.call import Services
from command_api.http.guests import Guests
from command_api.store.reads import Reads
from command_api.store.venues import VenueStored, put_venue
from command_api.writer import Writer
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Section, Slot, SlotException, VenueDefinition
from holdfast.runtime.addresses import Addresses
from holdfast.runtime.auth import TokenVerifier

if TYPE_CHECKING:
    from command_api.store.pool import Pool

DATE, NEXT = "2027-03-01", "2027-03-02"
STAFF = bearer("staff", "backroom", sub="sam", name="Sam")
Json = dict[str, Any]


def restaurant(**changes: Any) -> VenueDefinition:
    """Table `t` of four seats, tables `a` (2 to 4), `b` (to 8), a pool of six; two slots one behind the
    other, of which `late` is closed on the second day."""
    gold = Category(category_id="gold", price=1000)
    values: Json = {
        "slots": [
            Slot(slot_id="early", start="18:00", end="21:00"),
            Slot(
                slot_id="late",
                start="21:00",
                end="01:00",
                exceptions=[SlotException(date=NEXT, closed=True)],
            ),
        ],
        "categories": [gold],
        "sections": [
            Section(section_id="t", kind=SectionKind.TABLE, category_id="gold"),
            *(
                Section(section_id=f"t{n}", kind=SectionKind.SEAT, parent_id="t", price=500)
                for n in range(1, 5)
            ),
            Section(section_id="a", kind=SectionKind.TABLE, party_min=2, party_max=4, price=2000),
            Section(section_id="b", kind=SectionKind.TABLE, party_max=8, category_id="gold"),
            Section(section_id="p", kind=SectionKind.POOL, capacity=6, price=100),
        ],
    }
    return VenueDefinition(**{**values, **changes})


class Engine(NamedTuple):
    """What houses have in common."""

    database: str
    pool: Pool
    platform: Pool
    writer: Writer
    clock: DatabaseClock


class House:
    """A venue of club backroom, with the application. `ahead`: seconds that the reads' clock is ahead."""

    def __init__(self, engine: Engine, venue: str) -> None:
        self.venue = venue
        self.path = f"/v1/clubs/backroom/venues/{venue}"
        self.reads = Reads(engine.pool, engine.platform)
        self.ahead = 0
        self._database = engine.database
        self.pool = pool = engine.pool

        async def store(
            club: str, venue: str, definition: VenueDefinition, revision: int | None
        ) -> VenueStored:
            return await put_venue(pool, club, venue, definition, revision)

        services = Services(
            writer=engine.writer,
            reads=self.reads,
            put_venue=store,
            verifier=TokenVerifier(SECRET),
            clock=lambda: later(engine.clock.now(), self.ahead),
            readiness=dict,
            guests=Guests(SECRET, Addresses(), per_minute=3, session_seconds=600),
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(services)), base_url="http://house.test"
        )

    async def sql(self, statement: str, *arguments: Any) -> None:
        """What no request can do, by the superuser."""
        connection = await asyncpg.connect(self._database)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    async def define(self, definition: VenueDefinition) -> None:
        """Over what is there."""
        current = await self.reads.venue("backroom", self.venue)
        assert current is not None
        await put_venue(self.pool, "backroom", self.venue, definition, current.revision)

    async def get(
        self, path: str, by: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        """Without `by`: a member of the staff."""
        where = path if path.startswith("/v1") else self.path + path
        headers = STAFF if by is None else by
        return await self.http.get(where, params=query, headers=headers)

    async def read(self, path: str, by: dict[str, str] | None = None, **query: Any) -> Json:
        answer = await self.get(path, by, **query)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    async def post(self, path: str, body: Json, by: dict[str, str] | None = None) -> Json:
        headers = STAFF if by is None else by
        headers = {**headers, "idempotency-key": secrets.token_hex(8)}
        answer = await self.http.post(self.path + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        made: Json = answer.json()
        return made

    async def book(
        self, *sections: str, name: str = "Jo Doe", by: dict[str, str] | None = None, **more: Any
    ) -> Json:
        """In the early slot of the first day, where nothing else is said."""
        contact = {"name": name, "email": more.pop("email", None), "phone": more.pop("phone", None)}
        body = {"date": DATE, "slotId": "early", "sectionIds": sections, "contact": contact}
        return await self.post("/bookings", {**body, **more}, by)

    async def hold(self, *sections: str, by: dict[str, str] | None = None, **more: Any) -> Json:
        body = {"date": DATE, "slotId": "early", "sectionIds": sections, **more}
        return await self.post("/holds", body, by)


def customer(name: str) -> dict[str, str]:
    return bearer("customer", sub=name)
