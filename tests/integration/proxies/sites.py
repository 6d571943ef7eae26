"""Configurations of nginx: one that nobody tuned, and the sample that operators start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from holdfast.contracts.channels import ChannelKey

SAMPLE = Path(__file__).parents[3] / "deploy/nginx/holdfast.conf"
PAGE = "default_type text/html; return 200 '<!doctype html><title>page</title>';"
UNTUNED = """\
    gzip on;
    gzip_types text/event-stream application/json;
    gzip_proxied any;
    upstream gateway {{ server {gateway}; }}
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{tls} ssl http2;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{ proxy_pass http://gateway; }}
        location /page {{ {page} }}
    }}
    server {{
        listen 127.0.0.1:{modern};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location / {{ proxy_pass http://gateway; }}
    }}
    server {{
        listen 127.0.0.1:{packing};
        proxy_set_header Accept-Encoding "";
        location / {{ proxy_pass http://gateway; }}
    }}
    server {{
        listen 127.0.0.1:{hasty};
        proxy_read_timeout 1500ms;
        location / {{ proxy_pass http://gateway; }}
    }}
    server {{ listen 127.0.0.1:{friend}; location / {{ {page} }} }}
    server {{ listen 127.0.0.1:{stranger}; location / {{ {page} }} }}
"""


class Sites(NamedTuple):
    """The ports of the untuned nginx's servers."""

    plain: int
    """As installed: HTTP/1.0 towards the gateway."""
    tls: int
    """The same for browsers: TLS and HTTP/2."""
    modern: int
    """HTTP/1.1 towards the gateway."""
    packing: int
    """Hides from the gateway that a client takes gzip, and packs everything itself."""
    hasty: int
    """As installed, and a second and a half of patience instead of sixty."""
    friend: int
    """Pages of an origin that the gateway knows."""
    stranger: int
    """Pages of one that it does not."""

    def origin(self, name: str) -> str:
        """Of a server by its name."""
        scheme = "https" if name == "tls" else "http"
        return f"{scheme}://127.0.0.1:{getattr(self, name)}"


def untuned(gateway_url: str, sites: Sites, certificate: Path, key: Path) -> str:
    """One gateway behind nginx, with nothing said about it, and gzip on for everything."""
    gateway = gateway_url.removeprefix("http://")
    return UNTUNED.format(
        gateway=gateway, certificate=certificate, key=key, page=PAGE, **sites._asdict()
    )


def sample(
    gateways: Sequence[int], secure: int, plain: int, certificate: Path, key: Path, log: Path
) -> str:
    """`deploy/nginx/holdfast.conf` with the addresses of this machine, and nothing else changed but
    that it listens without TLS as well."""
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2; listen 127.0.0.1:{plain};",
        "/etc/ssl/live.example.com.pem": str(certificate),
        "/etc/ssl/live.example.com.key": str(key),
        "/etc/ssl/api.example.com.pem": str(certificate),
        "/etc/ssl/api.example.com.key": str(key),
        "/var/log/nginx/holdfast.log": str(log),
    }
    for number, gateway in enumerate(gateways, 11):
        changes[f"10.0.0.{number}:8081"] = f"127.0.0.1:{gateway}"
        changes[f"10.0.0.{number}:8080"] = f"127.0.0.1:{gateway}"
    text = SAMPLE.read_text()
    for written, here in changes.items():
        assert written in text, written
        text = text.replace(written, here)
    return text


def stream_of(origin: str, key: ChannelKey) -> str:
    """The stream of a channel at an origin."""
    return snapshot_of(origin, key).replace("/availability?", "/availability/stream?")


def snapshot_of(origin: str, key: ChannelKey) -> str:
    """The snapshot of a channel at an origin."""
    place = f"/v1/clubs/{key.club}/venues/{key.venue}/availability"
    return f"{origin}{place}?date={key.date}&slotId={key.slot}"
