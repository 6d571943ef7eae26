"""Common: parameters and groups of codes that several operations have."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from command_api.http.reading import DEFAULT_LIMIT, MAX_LIMIT
from holdfast.contracts.ids import Date, Id
from holdfast.contracts.problems import Code
from holdfast.contracts.states import Role
from holdfast.openapi.operation import Parameter

NIGHT = "2027-03-06"
SLOT = "slot_21_00"
CHANNEL = f"availability:backroom:leeds:{NIGHT}:{SLOT}"

DATE = Parameter("date", Date, "The service date.", required=True, example=NIGHT)
SLOT_ID = Parameter("slotId", Id, "The slot.", required=True, example=SLOT)
LIMIT = Parameter(
    "limit",
    Annotated[int, Meta(ge=1, le=MAX_LIMIT)],
    f"How many at most; {DEFAULT_LIMIT} where not given.",
)
PAGE_TOKEN = Parameter(
    "pageToken", str, "`nextPageToken` of the page before; none, or empty: the first page."
)
PAGED = (LIMIT, PAGE_TOKEN)
IF_MATCH = Parameter(
    "If-Match",
    Annotated[str, Meta(pattern=r'^\s*(W/)?"[0-9]{1,18}"\s*$')],
    "The `ETag` of the revision that is to be changed.",
    example='"7"',
)

STAFF = (Role.STAFF, Role.MANAGER, Role.KIOSK, Role.SERVICE, Role.ADMIN)
BLOCKERS = (Role.STAFF, Role.MANAGER, Role.SERVICE, Role.ADMIN)
MANAGERS = (Role.MANAGER, Role.SERVICE, Role.ADMIN)
DEFINERS = (Role.MANAGER, Role.ADMIN)

IN_SLOT = (Code.SLOT_NOT_FOUND, Code.SLOT_CLOSED)
"""Something is asked for on a night."""
ASKED = (
    *IN_SLOT,
    Code.SECTION_NOT_FOUND,
    Code.DUPLICATE_SECTIONS,
    Code.TOO_MANY_SECTIONS,
    Code.CAPACITY_MISMATCH,
)
"""Sections are named, with a party."""
TAKING = (
    *ASKED,
    Code.ACTION_NOT_PERMITTED,
    Code.SECTION_NOT_AVAILABLE,
    Code.CAPACITY_EXCEEDED,
    Code.MAX_TABLES_EXCEEDED,
    Code.HOLD_LIMIT_REACHED,
)
"""And are to be taken."""
