"""Pages: the demo pages and the JS client from `web/`, as static files."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).with_name("web")
# Read by Starlette from the machine's tables, which know neither everywhere.
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".map": "application/json"}


class Pages(StaticFiles):
    """Files that browsers ask for again each time, with a policy that lets them talk to both
    services and to nobody else."""

    def __init__(self, folder: Path, policy: str) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._policy = policy

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        response.headers["content-security-policy"] = self._policy
        response.headers["referrer-policy"] = "no-referrer"
        return response


def page_routes(command_api_url: str, folder: Path = WEB) -> list[BaseRoute]:
    """`/config.json`, and everything else from `folder`; to be mounted last."""
    for suffix, type_ in _TYPES.items():
        mimetypes.add_type(type_, suffix)

    async def config(_request: Request) -> Response:
        return JSONResponse({"commandApi": command_api_url}, headers={"cache-control": "no-cache"})

    pages = Pages(folder, content_security_policy(command_api_url))
    return [Route("/config.json", config), Mount("/", pages)]


def content_security_policy(command_api_url: str) -> str:
    """Scripts from here alone; connections to here and to command-api."""
    parts = urlsplit(command_api_url)
    return (
        f"default-src 'self'; connect-src 'self' {parts.scheme}://{parts.netloc}; "
        "img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
