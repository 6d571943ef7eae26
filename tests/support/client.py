"""What a user of the API does, in few words."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple, Self

import httpx
import msgspec
from tests.support.commands import plain_venue
from tests.support.services import Replicas, bearer

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.venues import VenueDefinition
from holdfast.runtime.nats import Client
from holdfast_dev.nats import EmbeddedNats

Json = dict[str, Any]
CHANNEL = ChannelKey("backroom", "leeds", "2027-03-01", "slot_21_00")
LATER = ChannelKey("backroom", "leeds", "2027-03-01", "slot_23_00")


class World(NamedTuple):
    """Servers of one test. `nc`: a connection to look with."""

    database: str
    nats: EmbeddedNats
    services: Replicas
    nc: Client


class Api:
    """A command-api under one URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(
            base_url=url,
            timeout=30,
            limits=httpx.Limits(max_connections=400, max_keepalive_connections=400),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.http.aclose()

    async def set_up(self, definition: VenueDefinition | None = None) -> None:
        """Club backroom, venue leeds."""
        admin = bearer("admin", sub="root")
        answer = await self.http.put("/v1/clubs/backroom", json={"name": "Backroom"}, headers=admin)
        assert answer.status_code in (200, 201), answer.text
        await self.put_venue(definition or plain_venue(50))

    async def put_venue(
        self, definition: VenueDefinition, etag: str | None = None
    ) -> httpx.Response:
        headers = {**bearer("admin", sub="root"), "content-type": "application/json"}
        if etag is not None:
            headers["if-match"] = etag
        answer = await self.http.put(
            "/v1/clubs/backroom/venues/leeds",
            content=msgspec.json.encode(definition),
            headers=headers,
        )
        assert answer.status_code in (200, 201), answer.text
        return answer

    async def post(
        self, path: str, body: Json | None = None, *, by: dict[str, str], key: str = ""
    ) -> httpx.Response:
        """POST under the venue with a fresh Idempotency-Key."""
        headers = {**by, "idempotency-key": key or secrets.token_hex(12)}
        return await self.http.post(
            f"/v1/clubs/backroom/venues/leeds{path}",
            json=body if body is not None else {},
            headers=headers,
        )

    async def hold(
        self,
        *sections: str,
        by: str = "cus_1",
        channel: ChannelKey = CHANNEL,
        key: str = "",
        **more: Any,
    ) -> httpx.Response:
        body = {"date": channel.date, "slotId": channel.slot, "sectionIds": list(sections), **more}
        return await self.post("/holds", body, by=bearer("customer", sub=by), key=key)

    async def release(self, hold_id: str, *, by: str = "cus_1") -> httpx.Response:
        return await self.http.delete(
            f"/v1/clubs/backroom/venues/leeds/holds/{hold_id}", headers=bearer("customer", sub=by)
        )

    async def confirm(self, hold_id: str, *, by: str = "cus_1", **more: Any) -> httpx.Response:
        body = {"contact": {"name": "Jo Doe", "email": "jo@example.com"}, **more}
        return await self.post(f"/holds/{hold_id}/confirm", body, by=bearer("customer", sub=by))

    async def snapshot(
        self, channel: ChannelKey = CHANNEL, headers: dict[str, str] | None = None
    ) -> Json:
        answer = await self.http.get(
            f"/v1/clubs/{channel.club}/venues/{channel.venue}/availability",
            params={"date": channel.date, "slotId": channel.slot},
            headers=headers,
        )
        assert answer.status_code == 200, answer.text
        snapshot: Json = answer.json()
        return snapshot
