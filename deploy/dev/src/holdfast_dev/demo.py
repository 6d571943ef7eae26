"""Puts the demo data in, over HTTP through the public API, and finds what the examples speak of.

Idempotent: nothing is sent for what is there already. What somebody made of a demo venue stays;
only a newer demo goes over it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from holdfast.contracts.snapshots import PublicSnapshot
from holdfast.contracts.states import PublicState
from holdfast.contracts.venues import ClubDefinition, ClubPage, Venue, VenueDefinition
from holdfast_dev.banner import CLUB, SLOT, TABLES, VENUE
from holdfast_dev.demo_venues import TIMEZONE, demo_clubs

REQUEST_TIMEOUT = 60.0  # seconds
DAYS_AHEAD = 30
MEMORY = "demo.json"
JSON = {"content-type": "application/json"}


class DemoFailed(Exception):
    """A service did not take the demo data; the message is its answer."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(
            f"{request.method} {request.url} answered {response.status_code}: {response.text[:2000]}"
        )


class DemoApi:
    """The platform admin's view of one command-api. `memory` keeps which demo was put in."""

    def __init__(
        self, client: httpx.AsyncClient, memory: Path, tell: Callable[[str], None]
    ) -> None:
        self._client = client
        self._memory = memory
        self._tell = tell
        self._known = _remembered(memory)

    async def put_everything(self) -> None:
        """Brings clubs and venues to what the demo says; raises DemoFailed, httpx.HTTPError."""
        clubs = await self._clubs()
        for club in demo_clubs():
            if clubs.get(club.club_id) != club.name:
                body = msgspec.json.encode(ClubDefinition(name=club.name))
                await self._send(f"/v1/clubs/{club.club_id}", body)
            for venue_id, definition in club.venues.items():
                await self._put_venue(f"/v1/clubs/{club.club_id}/venues/{venue_id}", definition)

    async def _clubs(self) -> dict[str, str]:
        names: dict[str, str] = {}
        page_token: str | None = ""
        while page_token is not None:
            query = {"pageToken": page_token} if page_token else {}
            answer = _good(await self._client.get("/v1/clubs", params=query))
            page = msgspec.json.decode(answer.content, type=ClubPage)
            names.update({club.club_id: club.name for club in page.items})
            page_token = page.next_page_token
        return names

    async def _put_venue(self, path: str, definition: VenueDefinition) -> None:
        body = msgspec.json.encode(definition)
        digest = hashlib.sha256(body).hexdigest()
        answer = await self._client.get(path)
        if answer.status_code == 404:
            await self._send(path, body)
        elif self._known.get(path) != digest and not same(_good(answer).content, definition):
            try:
                await self._send(path, body, if_match=answer.headers["etag"])
            except DemoFailed as refusal:
                self._tell(f"the demo's {path} stays as it is: {refusal}")
                return
        self._known[path] = digest
        self._memory.write_bytes(msgspec.json.encode(self._known))

    async def _send(self, path: str, body: bytes, *, if_match: str | None = None) -> None:
        headers = JSON if if_match is None else {**JSON, "if-match": if_match}
        _good(await self._client.put(path, content=body, headers=headers))


def same(stored: bytes, definition: VenueDefinition) -> bool:
    """Whether a venue as the API answers it has this definition."""
    venue = msgspec.json.decode(stored, type=Venue)
    names = definition.__struct_fields__
    return all(getattr(venue, name) == getattr(definition, name) for name in names)


async def example_date(client: httpx.AsyncClient) -> str:
    """The next service date on which the tables of the examples are free."""
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    for ahead in range(1, DAYS_AHEAD):
        date = (today + timedelta(days=ahead)).isoformat()
        snapshot = await _snapshot(client, date)
        states = {section.section_id: section.state for section in snapshot.sections}
        if all(states.get(table) == PublicState.AVAILABLE for table in TABLES):
            return date
    return (today + timedelta(days=1)).isoformat()


async def example_cursor(client: httpx.AsyncClient, date: str) -> str | None:
    """Where the examples' channel is now, by a gateway."""
    return (await _snapshot(client, date)).cursor


async def _snapshot(client: httpx.AsyncClient, date: str) -> PublicSnapshot:
    answer = await client.get(
        f"/v1/clubs/{CLUB}/venues/{VENUE}/availability", params={"date": date, "slotId": SLOT}
    )
    return msgspec.json.decode(_good(answer).content, type=PublicSnapshot)


def api_client(url: str, token: str | None = None) -> httpx.AsyncClient:
    """A client for one of our services; a proxy of the environment has no part in it."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        base_url=url, headers=headers, timeout=REQUEST_TIMEOUT, trust_env=False
    )


def _good(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise DemoFailed(answer)
    return answer


def _remembered(memory: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(memory.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}
