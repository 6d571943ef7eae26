"""Holds: sections taken for a short while."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, field

from holdfast.contracts.ids import Date, Id, Quantity, Timestamp
from holdfast.contracts.states import HoldStatus, SectionKind
from holdfast.contracts.wire import Request, Wire

MAX_SECTIONS_PER_HOLD = 50

SectionIds = Annotated[list[Id], Meta(min_length=1, max_length=1000)]
"""At most 50, counted after tables took their seats; a longer list is `TOO_MANY_SECTIONS`."""
PartySize = Annotated[int, Meta(ge=1, le=10_000)]
TtlSeconds = Annotated[int, Meta(ge=1, le=86_400)]


class BestAvailable(Request, kw_only=True):
    """Let the server choose: `quantity` sections, of a category, side by side where `adjacent`; with a
    `partySize`, such as fit it. Seats are chosen one by one, but a table as a whole, and counted once,
    where the wish is for kind `table`, or for fewer things than the party has people."""

    quantity: Annotated[int, Meta(ge=1, le=MAX_SECTIONS_PER_HOLD)]
    category_id: Id | None = None
    adjacent: bool = False
    kind: SectionKind | None = None
    """Nothing but these. Without it: anything but pools, and those too where there is a category of which
    nothing else is left."""


class HoldRequest(Request, kw_only=True):
    """Body of `POST …/holds`: either `sectionIds` or `bestAvailable`."""

    date: Date
    slot_id: Id
    section_ids: SectionIds | None = None
    best_available: BestAvailable | None = None
    quantities: dict[Id, Quantity] = field(default_factory=dict)
    """Units by section, where a section's capacity is above 1; 1 where not named."""
    party_size: PartySize | None = None
    ttl_seconds: TtlSeconds | None = None
    """The policy's `holdTtlSeconds` where not given; cut to `maxTtlSeconds`."""
    customer_id: Id | None = None
    """Another's, by staff and services only."""
    reason: Annotated[str, Meta(max_length=500)] | None = None
    seen_version: Annotated[int, Meta(ge=0)] | None = None
    dry_run: bool = False


class HoldChange(Request, kw_only=True):
    """Body of `PATCH …/holds/{id}`, in one step, all or nothing. A table takes its seats. The hold's
    end stays as it is; so does the price of what stays."""

    add: Annotated[list[Id], Meta(max_length=1000)] = field(default_factory=list)
    """What is in the hold already stays in it."""
    remove: Annotated[list[Id], Meta(max_length=1000)] = field(default_factory=list)
    quantities: dict[Id, Quantity] = field(default_factory=dict)
    """Units by section, of what is added or of what stays: what there are to be, not how many more."""
    party_size: PartySize | None = None
    """A new one, which must fit what the hold will have; as it was where not given."""


class ExtendRequest(Request, kw_only=True):
    """Body of `POST …/holds/{id}/extend`; may be empty."""

    ttl_seconds: TtlSeconds | None = None


class Item(msgspec.Struct, kw_only=True, rename="camel", frozen=True):
    """One priced unit, frozen at hold time: a section, or a table together with its seats."""

    section_id: str
    category_id: str | None
    amount: int
    """Minor units, for all of `quantity`."""
    quantity: int = 1


class Hold(Wire, kw_only=True):
    """A hold; also the answer to every change of it. `sectionIds` are the sections taken, seats in
    place of their table; `version` is the channel's after the change."""

    hold_id: str
    status: HoldStatus
    customer_id: str | None
    section_ids: list[str]
    items: list[Item]
    party_size: int | None
    total_amount: int
    deposit_amount: int
    currency: str
    created_at: Timestamp
    expires_at: Timestamp
    server_time: Timestamp
    date: str
    slot_id: str
    channel: str
    version: int
    booking_id: str | None = None
    paid_amount: int = 0
    """Minor units that signed events say were paid, without what was refunded."""
    refund_due: int = 0
    """Of that, what is to be paid back: the hold ended without a booking."""


class HoldPage(Wire, kw_only=True):
    items: list[Hold]
    next_page_token: str | None = None
