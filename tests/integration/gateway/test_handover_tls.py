"""The handover of a connection with TLS. The gateway itself leaves TLS to a proxy and has no setting
for it; this shows that nothing but that setting is missing."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.integration.gateway.conftest import settings, stream_url
from tests.support.gateway_thread import GatewayThread
from tests.support.live_publisher import LivePublisher
from tests.support.raw import Raw
from tests.support.until import until
from uvicorn import Config

from holdfast.runtime.serve import server_config
from holdfast_dev.nats import EmbeddedNats

OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1."""
    if OPENSSL is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [OPENSSL, *options.split(), "-keyout", str(key), "-out", str(made), *subject]
    subprocess.run(command, check=True, capture_output=True)
    return key, made


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
async def test_a_stream_over_tls(
    loop: str,
    certificate: tuple[Path, Path],
    nats_server: EmbeddedNats,
    publisher: LivePublisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, made = map(str, certificate)

    def with_tls(*args: Any, **options: Any) -> Config:
        return server_config(*args, **options, ssl_keyfile=key, ssl_certfile=made)

    monkeypatch.setattr("stream_gateway.server.server_config", with_tls)
    trust = ssl.create_default_context(cafile=made)
    async with GatewayThread(settings(nats_server.url), loop) as thread:
        hub = thread.gateway.hub
        url = stream_url(thread.gateway).replace("http://", "https://")
        async with Raw(url, trust) as raw, Raw(url, trust) as other:
            for each in (raw, other):
                each.send(each.request() + b"GET /livez HTTP/1.1\r\n\r\n")
                await each.until(b"event: snapshot")
            await publisher.publish()
            for each in (raw, other):
                await each.until(b"event: availability.updated")
            assert len(hub.clients) == 2
            assert thread.gateway._servers[0].server_state.connections == set()
            other.writer.transport.abort()
            await until(lambda: len(hub.clients) == 1)
            (left,) = hub.clients
            await thread.call(lambda: hub.close(left, "test"))
            await raw.until_closed()
            assert raw.received.endswith(b"0\r\n\r\n")
        await until(lambda: not hub.clients)
