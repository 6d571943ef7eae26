"""Clients of every kind that stay through faults, and are checked: no hole, no double, no close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from tests.support.faulty_publisher import CUSTOMER, KEYS, FaultyPublisher
from tests.support.live_publisher import CLUB, DATE, VENUE
from tests.support.services import bearer
from tests.support.sse_client import Client, Received, View
from tests.support.until import until

SETTLE_SECONDS = 10
BOTH = "&".join(f"channel={key.name}" for key in KEYS)
PATH = f"/v1/clubs/{CLUB}/venues/{VENUE}/availability"
ONE = f"{PATH}/stream?date={DATE}&slotId={KEYS[0].slot}"
POLLED = f"{PATH}?date={DATE}&slotId={KEYS[0].slot}"
STAFF = bearer("manager", CLUB, sub="sam")
SELF = bearer("customer", sub=CUSTOMER.customer)
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "public": (ONE, {}),
    "staff": (ONE, STAFF),
    "several": (f"/v1/stream?{BOTH}", {}),
    "private": (f"/v1/stream?{BOTH}&channel={CUSTOMER.name}", SELF),
}


class StrictView(View):
    """Also refuses a snapshot that goes back without a reset, and a private gap without one, but
    where all that is missing is `gone` from the stream."""

    def __init__(self, gone: Collection[int] = ()) -> None:
        super().__init__()
        self._gone = gone

    def take(self, received: Received) -> None:
        data = received.data
        if received.event == "snapshot":
            known = self.versions.get(data["channel"], -1)
            assert data["version"] >= known, f"went back without a reset: {known}, {data}"
        if received.event == "reset":
            self.private.clear()
        if received.event == "customer.updated" and self.private:
            missing = set(range(self.private[-1] + 1, data["revision"])) - set(self._gone)
            assert not missing, (missing, data)
        super().take(received)


def _mark(data: Any) -> Any:
    return data.get("version", data.get("revision", data.get("reason")))


class Stayer:
    """One connection that must never end."""

    def __init__(self, kind: str, client: Client, gone: Collection[int]) -> None:
        self.kind = kind
        self.client = client
        self.view = StrictView(gone)
        self._taken = 0

    def look(self) -> StrictView:
        """Take what has come."""
        for event in self.client.events[self._taken :]:
            self._taken += 1
            try:
                self.view.take(event)
            except AssertionError as error:
                told = [(e.event, e.id, _mark(e.data)) for e in self.client.events]
                raise AssertionError(f"{self.kind}, {self.client.headers}: {told}") from error
        assert not self.client.ended.is_set(), f"{self.kind}: the gateway closed it"
        return self.view


class Poller:
    """Asks for the snapshot with its ETag, over and over."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: set[int] = set()
        self.last: dict[str, Any] = {}
        self._etag = ""

    async def run(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(timeout=30) as http:
            while True:
                await self.ask(http)
                await asyncio.sleep(0.03)

    async def ask(self, http: httpx.AsyncClient) -> int:
        """Once; the status."""
        answer = await http.get(f"{self.url}{POLLED}", headers={"if-none-match": self._etag})
        self.statuses.add(answer.status_code)
        assert answer.status_code in (200, 304, 503), answer.text
        if answer.status_code == 200:
            found = answer.json()
            assert found["version"] >= self.last.get("version", 0), "the snapshot went back"
            assert answer.headers["etag"] != self._etag
            self.last, self._etag = found, answer.headers["etag"]
        return answer.status_code


class Crew:
    """One client of each kind on each of `urls`."""

    def __init__(self, urls: list[str], publisher: FaultyPublisher) -> None:
        self.urls = urls
        self.publisher = publisher
        self.stayers: list[Stayer] = []
        self.pollers = [Poller(url) for url in urls]
        self.resets = 0

    async def board(self, stack: AsyncExitStack, **headers: str) -> None:
        """Join, with `Last-Event-ID` where given."""
        for url in self.urls:
            for kind, (path, own) in KINDS.items():
                client = Client(f"{url}{path}", {**own, **headers})
                # What an operator deleted singly leaves no trace in a private history.
                gone = self.publisher.gone if headers else ()
                self.stayers.append(Stayer(kind, await stack.enter_async_context(client), gone))

    @property
    def cursor(self) -> str:
        """Where the first one is."""
        return self.stayers[0].client.last_event_id

    async def settle(self, *, told: bool = True) -> None:
        """Wait until everybody has everything; raises what was wrong with an event. Without `told`
        it does without the last private notification, which is not sent again after a reset."""
        wanted = {key.name: self.publisher.truth(key).version for key in KEYS}
        last = self.publisher.told[-1:]

        def complete() -> bool:
            views = [(each, each.look()) for each in self.stayers]
            return (
                all(
                    view.versions == {name: wanted[name] for name in view.versions}
                    # Who came back where it was may have got nothing yet.
                    and (view.versions or not told)
                    and (each.kind != "private" or not told or view.private[-1:] == last)
                    for each, view in views
                )
                and all(
                    poller.last.get("version") == wanted[KEYS[0].name] for poller in self.pollers
                )
            )

        try:
            await until(complete, SETTLE_SECONDS)
        except TimeoutError:
            behind = [
                (number, each.kind, each.view.versions, each.view.private[-1:], each.view.resets)
                for number, each in enumerate(self.stayers)
                if each.view.versions != {name: wanted[name] for name in each.view.versions}
                or (told and not each.view.versions)
                or (told and each.kind == "private" and each.view.private[-1:] != last)
            ]
            polled = [poller.last.get("version") for poller in self.pollers]
            raise AssertionError(f"{wanted}, {last}: {behind} are not there; {polled}") from None
        self._compare_states()

    def _compare_states(self) -> None:
        public = {"available": "available", "held": "held"}
        for key in KEYS:
            sections = self.publisher.truth(key).sections.values()
            for stayer in self.stayers:
                shown = stayer.view.sections.get(key.name)
                if shown is None:
                    continue
                staff = stayer.kind == "staff"
                assert shown == {
                    each.section_id: str(each.state)
                    if staff
                    else public.get(str(each.state), "unavailable")
                    for each in sections
                }, f"{stayer.kind}: {key.name}"


@asynccontextmanager
async def crew(urls: list[str], publisher: FaultyPublisher) -> AsyncIterator[Crew]:
    """Clients that are live."""
    made = Crew(urls, publisher)
    async with AsyncExitStack() as stack:
        await made.board(stack)
        polls = [asyncio.create_task(poller.run()) for poller in made.pollers]
        try:
            await until(lambda: all(stayer.look().versions for stayer in made.stayers))
            yield made
            for poll in polls:
                if poll.done():
                    poll.result()
        finally:
            for poll in polls:
                poll.cancel()
            await asyncio.gather(*polls, return_exceptions=True)
