"""Pages: files with their types, the policy they come with, and who may ask from elsewhere."""

from __future__ import annotations

import httpx
from tests.integration.gateway.conftest import Start, snapshot_url

from stream_gateway.app import Gateway


async def test_config_and_policy(start: Start, http: httpx.AsyncClient) -> None:
    gateway = await start(command_api_url="http://127.0.0.1:9999")
    answer = await http.get(f"{gateway.url}/config.json")
    assert answer.json() == {"commandApi": "http://127.0.0.1:9999"}
    assert answer.headers["cache-control"] == "no-cache"


async def test_files_with_their_types_and_the_policy(start: Start, http: httpx.AsyncClient) -> None:
    gateway = await start(command_api_url="http://127.0.0.1:9999")
    for path, type_ in (("/", "text/html"), ("/sdk/holdfast.js", "text/javascript")):
        answer = await http.get(gateway.url + path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(type_)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "connect-src 'self' http://127.0.0.1:9999;" in policy
    unknown = await http.get(f"{gateway.url}/sdk/nothing.js")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")


async def test_cors_is_exact(gateway: Gateway, http: httpx.AsyncClient) -> None:
    ours, other = "https://demo.example", "https://demo.example.evil"
    answer = await http.get(snapshot_url(gateway), headers={"Origin": ours})
    assert answer.headers["access-control-allow-origin"] == ours
    assert answer.headers["access-control-expose-headers"] == (
        "ETag, Location, Retry-After, Idempotent-Replayed"
    )
    answer = await http.get(snapshot_url(gateway), headers={"Origin": other})
    assert "access-control-allow-origin" not in answer.headers
    ask = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    allowed = await http.options(snapshot_url(gateway), headers={"Origin": ours, **ask})
    assert allowed.status_code == 200


async def test_a_page_from_elsewhere_may_ask_for_a_ticket(
    gateway: Gateway, http: httpx.AsyncClient
) -> None:
    ask = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    url = f"{gateway.url}/v1/stream-tickets"
    allowed = await http.options(url, headers={"Origin": "https://demo.example", **ask})
    assert allowed.status_code == 200
    assert "POST" in allowed.headers["access-control-allow-methods"]
    refused = await http.options(url, headers={"Origin": "https://evil.example", **ask})
    assert "access-control-allow-origin" not in refused.headers
    answer = await http.post(url, headers={"Origin": "https://demo.example"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://demo.example"
