"""A crowd: customers and staff who do everything that the API offers, at random, on several replicas.

    crowd = Crowd(urls, random.Random(7)); await crowd.set_up(); await crowd.run(people=12, turns=30)

Every answer must be one that the contract knows; one request in eight is sent again with its key, to
any replica, and must be answered the same.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tests.support.client import Api
from tests.support.services import bearer

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Policy, Section, Slot, VenueDefinition

Json = dict[str, Any]
VENUE = "/v1/clubs/backroom/venues/leeds"
DATES = ("2027-03-01", "2027-03-02")
SLOTS = ("early", "late", "dinner")
SECTIONS = [
    *("t1", "t1-1", "t1-2", "t2", "t2-1", "s1", "s2", "s3", "p", "a1", "a2", "a3", "a4"),
]
MANAGER = bearer("manager", "backroom", sub="mia")
STAFF = bearer("staff", "backroom", sub="sam")
CONTACT = {"name": "Jo Doe", "email": "jo@example.com", "phone": "+44 1"}


def busy_venue(policy: Policy) -> VenueDefinition:
    """Every kind of section; `late` overlaps `early` and `dinner`."""
    seats = [
        Section(section_id=f"t{table}-{seat}", kind=SectionKind.SEAT, parent_id=f"t{table}")
        for table, count in ((1, 3), (2, 2))
        for seat in range(1, count + 1)
    ]
    return VenueDefinition(
        name="Leeds",
        timezone="Europe/London",
        policy=policy,
        slots=[
            Slot(slot_id="early", start="19:00", end="22:00"),
            Slot(slot_id="late", start="21:00", end="24:00"),
            Slot(slot_id="dinner", start="23:00", end="26:00", section_ids=["t1", "s1", "s2", "p"]),
        ],
        categories=[Category(category_id="gold", price=2500), Category(category_id="row")],
        sections=[
            Section(section_id="t1", kind=SectionKind.TABLE, category_id="gold"),
            Section(section_id="t2", kind=SectionKind.TABLE, price=9000, party_max=4),
            *seats,
            Section(section_id="s1", party_min=2, party_max=4, category_id="gold"),
            Section(section_id="s2", party_min=1, party_max=6, price=700),
            Section(section_id="s3"),
            Section(section_id="p", kind=SectionKind.POOL, capacity=4, price=100),
            *(
                Section(
                    section_id=f"a{n}",
                    kind=SectionKind.SEAT,
                    category_id="row",
                    row_label="A",
                    seat_number=n,
                )
                for n in range(1, 5)
            ),
        ],
    )


POLICY = Policy(
    hold_ttl_seconds=4,
    max_ttl_seconds=5,
    max_hold_seconds=7,
    max_active_holds_per_customer=3,
    max_tables_per_customer_per_date=4,
    waitlist_offer_ttl_seconds=2,
)


class Crowd:
    """`known` are ids by kind, with who got to know them: mostly people act on their own, but everybody
    tries everything on anything, and who owns what is for the service to say."""

    def __init__(self, urls: list[str], chance: random.Random) -> None:
        self.apis = [Api(url) for url in urls]
        self.chance = chance
        self.known: dict[str, list[tuple[str, dict[str, str]]]] = {
            kind: []
            for kind in ("hold", "booking", "block", "entry", "offer", "conflict", "series")
        }
        self.codes: Counter[str] = Counter()
        """What was answered, by request and code."""

    async def set_up(self, policy: Policy = POLICY) -> None:
        await self.apis[0].set_up(busy_venue(policy))

    async def close(self) -> None:
        for api in self.apis:
            await api.http.aclose()

    async def run(self, people: int, turns: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(people):
                name = f"cus_{number}"
                who = (
                    bearer("customer", sub=name) if number % 4 else (STAFF, MANAGER)[number % 8 > 0]
                )
                group.create_task(self._live(who, random.Random(self.chance.random()), turns))

    async def leave_waitlists(self) -> None:
        """Nobody waits any more: else offers would go on coming and expiring."""
        for entry_id in {entry_id for entry_id, _who in self.known["entry"]}:
            await self.ask(MANAGER, "DELETE", f"/waitlist/{entry_id}")

    async def _live(self, who: dict[str, str], chance: random.Random, turns: int) -> None:
        for _ in range(turns):
            act = chance.choice(ACTS)
            await act(self, who, chance)

    async def ask(
        self,
        who: dict[str, str],
        method: str,
        path: str,
        body: Json | None = None,
        **headers: str,
    ) -> httpx.Response:
        """One request, now and then twice."""
        sent = {**who, **headers}
        if method == "POST":
            sent["idempotency-key"] = secrets.token_hex(12)
        answer = await self._send(method, path, body, sent)
        name = path.rpartition("/")[2] if method == "POST" else path.split("/")[1]
        code = answer.json().get("code", "") if answer.status_code >= 400 else "ok"
        self.codes[f"{method} {name}: {code}"] += 1
        assert answer.status_code < 500, (method, path, body, answer.text)
        assert code not in ("NOT_FOUND", "METHOD_NOT_ALLOWED"), (method, path, answer.text)
        if method == "POST" and answer.status_code < 300 and self.chance.random() < 0.125:
            again = await self._send(method, path, body, sent)
            if answer.status_code == 201:  # something was made: the very same answer, told apart
                assert (again.status_code, again.content) == (201, answer.content)
                assert again.headers["idempotent-replayed"] == "true"
            else:
                assert again.status_code == 200
        return answer

    async def _send(
        self, method: str, path: str, body: Json | None, headers: dict[str, str]
    ) -> httpx.Response:
        api = self.chance.choice(self.apis)
        while True:
            answer = await api.http.request(method, VENUE + path, json=body, headers=headers)
            if answer.status_code != 503:
                return answer

    def learn(self, kind: str, answer: httpx.Response, name: str, who: dict[str, str]) -> None:
        if answer.status_code < 300 and (id_ := answer.json().get(name)):
            self.known[kind].append((id_, who))

    def some(self, kind: str, chance: random.Random, who: dict[str, str]) -> str:
        """An id, most likely a young one, and one's own."""
        ids = [id_ for id_, owner in self.known[kind] if owner is who][-3:]
        if not ids or chance.random() < 0.3:
            ids = [id_ for id_, _owner in self.known[kind]][-12:]
        return chance.choice(ids) if ids else "none"


def _place(chance: random.Random) -> Json:
    return {"date": chance.choice(DATES), "slotId": chance.choice(SLOTS)}


def _sections(chance: random.Random) -> list[str]:
    return chance.sample(SECTIONS, chance.choice((1, 1, 1, 2, 3)))


async def hold(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = _place(chance)
    if chance.random() < 0.25:
        wanted = {"quantity": chance.choice((1, 2, 3)), "adjacent": chance.random() < 0.5}
        body["bestAvailable"] = wanted
    else:
        body["sectionIds"] = _sections(chance)
        if "p" in body["sectionIds"] and chance.random() < 0.5:
            body["quantities"] = {"p": chance.randint(1, 3)}
    if chance.random() < 0.3:
        body["partySize"] = chance.randint(1, 6)
    answer = await crowd.ask(who, "POST", "/holds", body)
    crowd.learn("hold", answer, "holdId", who)


async def change_hold(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = {"add": _sections(chance)[:1], "remove": _sections(chance)[: chance.choice((0, 1))]}
    await crowd.ask(who, "PATCH", f"/holds/{crowd.some('hold', chance, who)}", body)


async def extend(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    await crowd.ask(who, "POST", f"/holds/{crowd.some('hold', chance, who)}/extend")


async def release(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    await crowd.ask(who, "DELETE", f"/holds/{crowd.some('hold', chance, who)}")


async def confirm(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = {"contact": CONTACT}
    answer = await crowd.ask(who, "POST", f"/holds/{crowd.some('hold', chance, who)}/confirm", body)
    crowd.learn("booking", answer, "bookingId", who)


async def request(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = {**_place(chance), "sectionIds": _sections(chance), "contact": CONTACT}
    answer = await crowd.ask(who, "POST", "/bookings", body)
    crowd.learn("booking", answer, "bookingId", who)


async def move(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    verb = chance.choice(
        ("cancel", "cancel", "approve", "decline", "check-in", "complete", "no-show")
    )
    await crowd.ask(who, "POST", f"/bookings/{crowd.some('booking', chance, who)}/{verb}")


async def edit(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    path = f"/bookings/{crowd.some('booking', chance, who)}"
    etag = (await crowd.ask(who, "GET", path)).headers.get("etag", '"1"')
    await crowd.ask(who, "PATCH", path, {"notes": "window"}, **{"if-match": etag})


async def reschedule(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = _place(chance)
    if chance.random() < 0.5:
        body["sectionIds"] = _sections(chance)
    path = f"/bookings/{crowd.some('booking', chance, who)}/reschedule"
    await crowd.ask(who, "POST", path, body)


async def block(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = {**_place(chance), "sectionIds": _sections(chance)[:1], "reason": "spill"}
    body["onConflict"] = chance.choice(("reject", "displace", "after_release"))
    answer = await crowd.ask(who, "POST", "/blocks", body)
    crowd.learn("block", answer, "blockId", who)


async def unblock(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    await crowd.ask(who, "DELETE", f"/blocks/{crowd.some('block', chance, who)}")


async def join(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body = {**_place(chance), "partySize": chance.randint(1, 6)}
    answer = await crowd.ask(who, "POST", "/waitlist", body)
    crowd.learn("entry", answer, "entryId", who)
    if answer.status_code < 300 and (offer := answer.json()["offer"]):
        crowd.known["offer"].append((offer["offerId"], who))


async def leave(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    await crowd.ask(who, "DELETE", f"/waitlist/{crowd.some('entry', chance, who)}")


async def answer_offer(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    seen = await crowd.ask(who, "GET", f"/waitlist/{crowd.some('entry', chance, who)}")
    if seen.status_code == 200 and seen.json()["offer"]:
        crowd.known["offer"].append((seen.json()["offer"]["offerId"], who))
    verb = chance.choice(("accept", "decline"))
    body = {"contact": CONTACT} if verb == "accept" else None
    answer = await crowd.ask(
        who, "POST", f"/offers/{crowd.some('offer', chance, who)}/{verb}", body
    )
    crowd.learn("booking", answer, "bookingId", who)


async def series(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    body: Json = {"dates": list(DATES), "slotId": chance.choice(SLOTS), "contact": CONTACT}
    body |= {"sectionIds": _sections(chance)[:1], "allOrNothing": chance.random() < 0.5}
    answer = await crowd.ask(who, "POST", "/booking-series", body)
    crowd.learn("series", answer, "seriesId", who)


async def cancel_series(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    await crowd.ask(who, "POST", f"/booking-series/{crowd.some('series', chance, who)}/cancel")


async def import_some(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    items = [
        {
            **_place(chance),
            "sectionIds": _sections(chance)[:1],
            "externalId": f"ext-{chance.randrange(40)}",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "paid": chance.random() < 0.5,
            "contact": CONTACT,
        }
        for _ in range(3)
    ]
    answer = await crowd.ask(who, "POST", "/imports", {"items": items})
    if answer.status_code < 300:
        for item in answer.json()["items"]:
            for kind, name in (("conflict", "conflictId"), ("booking", "bookingId")):
                if item[name]:
                    crowd.known[kind].append((item[name], who))


async def resolve(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    await crowd.ask(who, "POST", f"/conflicts/{crowd.some('conflict', chance, who)}/resolve")


async def look(crowd: Crowd, who: dict[str, str], chance: random.Random) -> None:
    place = _place(chance)
    query = f"date={place['date']}&slotId={place['slotId']}"
    await crowd.ask(
        who,
        "GET",
        chance.choice(
            (
                f"/availability?{query}",
                f"/calendar?from={place['date']}&days=2",
                f"/stats?{query}",
                f"/audit?{query}",
                "/bookings?q=jo",
                f"/waitlist?{query}",
                f"/alternatives?{query}&partySize=2",
                f"/blocks?{query}",
                "/conflicts",
            )
        ),
    )


Act = Callable[[Crowd, dict[str, str], random.Random], Awaitable[None]]
ACTS: list[Act] = [
    *[hold] * 6,
    *[confirm] * 4,
    *[request] * 2,
    *[move] * 3,
    *[join, answer_offer, reschedule] * 2,
    *[change_hold, extend, release, release, edit, block, unblock, leave, series, cancel_series],
    *[import_some, resolve, look],
]
