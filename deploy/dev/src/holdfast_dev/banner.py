"""What the stack prints once it is ready: addresses, tokens, and commands to copy.

Each command is one line that works alone in any shell, so the hold that one makes is handed to the
next by a file, and not by a variable.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from holdfast.contracts.states import Role

CLUB, VENUE, SLOT = "backroom", "leeds", "slot_21_00"
TABLES = ("table_05", "table_06")
"""The one that the examples book, and the one that they let go again."""

READY = "holdfast is ready"


class Persona(NamedTuple):
    """Somebody of the demo; `club` is theirs, None where their role needs none."""

    title: str
    role: Role
    subject: str
    club: str | None
    name: str


PERSONAS = (
    Persona("customer", Role.CUSTOMER, "cus_ada", None, "Ada"),
    Persona("second customer", Role.CUSTOMER, "cus_ben", None, "Ben"),
    Persona("staff", Role.STAFF, "staff_sam", CLUB, "Sam"),
    Persona("manager", Role.MANAGER, "manager_mia", CLUB, "Mia"),
    Persona("kiosk", Role.KIOSK, "kiosk_door", CLUB, "Door"),
    Persona("service", Role.SERVICE, "service_pos", CLUB, "Point of sale"),
    Persona("admin", Role.ADMIN, "admin_root", None, "Platform"),
)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told. `addresses`: what it is → URL; `venues`: a page's URL → what it shows;
    `tokens`: a persona's title → token; `hold_file`: where the examples keep the last hold;
    `cursor`: where the stream is now."""

    addresses: list[tuple[str, str]]
    venues: list[tuple[str, str]]
    command_api: str
    gateway: str
    tokens: dict[str, str]
    token_hours: int
    date: str
    cursor: str | None
    hold_file: str
    folder: str


Command = tuple[str, str]
"""What it does, and the line to paste."""


def banner(scene: Scene) -> str:
    """The whole text; the line that says ready follows it."""
    width = max(len(what) for what, _ in scene.addresses)
    roles = {persona.title: persona for persona in PERSONAS}
    lines = ["", f"Open {scene.gateway}/ in a browser, or as somebody, in two windows"]
    for title in ("customer", "second customer"):
        lines += [f"  {roles[title].name}: {scene.gateway}/#token={scene.tokens[title]}"]
    lines += ["", "Addresses"]
    lines += [f"  {what:<{width}}  {url}" for what, url in scene.addresses]
    lines += [f"  {'data':<{width}}  {scene.folder}", "", "Venues"]
    lines += [f"  {url}  {what}" for url, what in scene.venues]
    lines += [""]
    lines += [
        f"Tokens, good for {scene.token_hours} hours (others: make -s token ROLE=… CLUB=… SUB=…)"
    ]
    for title, token in scene.tokens.items():
        persona = roles[title]
        place = f" of {persona.club}" if persona.club else ""
        lines += [f"  {title}{place}, sub {persona.subject}", f"    {token}"]
    lines += [
        "",
        f"Try it: {CLUB}/{VENUE}, {scene.date}, {SLOT}. Watch in one terminal, book in another.",
    ]
    for what, line in commands(scene):
        lines += ["", f"# {what}", line]
    lines += ["", "Ctrl-C stops everything; the data stays.", ""]
    return "\n".join(lines)


def commands(scene: Scene) -> Iterator[Command]:
    """The examples, in the order in which they tell a story."""
    venue = f"/v1/clubs/{CLUB}/venues/{VENUE}"
    holds = f"{scene.command_api}{venue}/holds"
    query = f"date={scene.date}&slotId={SLOT}"
    stream = shlex.quote(f"{scene.gateway}{venue}/availability/stream?{query}")
    snapshot = shlex.quote(f"{scene.gateway}{venue}/availability?{query}")
    last_hold = f'$(sed -nE \'s/.*"holdId":"([^"]+)".*/\\1/p\' {shlex.quote(scene.hold_file)})'
    keep = f" | tee {shlex.quote(scene.hold_file)}"
    ada, ben = scene.tokens["customer"], scene.tokens["second customer"]

    def hold(table: str, token: str) -> str:
        body = {"date": scene.date, "slotId": SLOT, "sectionIds": [table], "partySize": 4}
        return _post(f"'{holds}'", f"hold-{table}", body, token)

    yield "watch: a snapshot, then every change (Ctrl-C ends it)", f"curl -sN {stream}"
    yield (
        "watch as the manager: who did it, too",
        f"curl -sN {stream} {_bearer(scene.tokens['manager'])}",
    )
    yield "hold a table for five minutes", hold(TABLES[0], ada) + keep
    yield (
        "a second customer wants the same table: 409, and until when it is held",
        hold(TABLES[0], ben),
    )
    contact = {"name": "Ada", "email": "ada@example.com", "phone": "+44 113 496 0000"}
    payment = {"method": "card", "transactionId": "demo-1", "gateway": "demo"}
    body = {"contact": contact, "payment": payment}
    yield (
        "confirm the last hold: it becomes a booking",
        _post(f'"{holds}/{last_hold}/confirm"', "confirm", body, ada),
    )
    yield "hold another table", hold(TABLES[1], ada) + keep
    yield (
        "release the last hold",
        f"curl -s -w '\\n' -X DELETE \"{holds}/{last_hold}\" {_bearer(ada)}",
    )
    if scene.cursor is not None:
        yield (
            "reconnect where the stream was when all began: only what happened since",
            f"curl -sN {stream} -H 'Last-Event-ID: {scene.cursor}'",
        )
    yield "a snapshot alone", f"curl -s -w '\\n' --compressed {snapshot}"


def _post(url: str, key: str, body: object, token: str) -> str:
    # A key of its own each time that it is pasted, so that it is a new request and not a repeat.
    return (
        f"curl -s -w '\\n' {url} -d {shlex.quote(json.dumps(body, separators=(',', ':')))}"
        f" -H 'Content-Type: application/json'"
        f' -H "Idempotency-Key: {key}-$(date +%s%N)" {_bearer(token)}'
    )


def _bearer(token: str) -> str:
    return f"-H 'Authorization: Bearer {token}'"


def without_password(url: str) -> str:
    """`url` as it may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":***@", 1)
