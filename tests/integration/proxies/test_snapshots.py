"""Snapshots through an nginx that compresses everything: tags survive, and 304 is answered."""

from __future__ import annotations

import httpx
import pytest
from tests.integration.proxies.sites import Sites, snapshot_of
from tests.support.live_publisher import LivePublisher
from tests.support.nginx import Nginx

from holdfast.contracts.channels import ChannelKey


@pytest.mark.parametrize("site", ["plain", "modern", "tls", "packing"])
async def test_a_packed_snapshot_keeps_its_tag(
    publisher: LivePublisher,
    proxy: Nginx,
    sites: Sites,
    key: ChannelKey,
    site: str,
) -> None:
    publisher.truth(key, 300)
    await publisher.publish(key)
    url = snapshot_of(sites.origin(site), key)
    async with httpx.AsyncClient(verify=False, headers={"accept-encoding": "gzip"}) as http:  # noqa: S501
        first = await http.get(url)
        assert first.json()["version"] == 1
        assert len(first.json()["sections"]) == 300
        assert first.headers["content-encoding"] == "gzip"
        # What nginx packs has no length; what comes packed is let through as it is.
        assert ("content-length" in first.headers) == (site != "packing")
        assert "accept-encoding" in first.headers["vary"].lower()

        tag = {"if-none-match": first.headers["etag"]}
        again = await http.get(url, headers=tag)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]

        await publisher.publish(key)
        newer = await http.get(url, headers=tag)
        assert newer.status_code == 200
        assert newer.json()["version"] == 2
        assert newer.headers["etag"] != first.headers["etag"]
