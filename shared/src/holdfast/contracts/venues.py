"""Clubs, venue definitions, policies and layouts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from holdfast.contracts.ids import Amount, Currency, Date, Id, Quantity, Timestamp
from holdfast.contracts.states import SectionKind
from holdfast.contracts.wire import Request, Wire

MAX_DEFINITION_BYTES = 8 * 1024 * 1024
MAX_SECTIONS = 50_000
MAX_SLOTS = 200
MOST_REHOLD_SECONDS = 300

Coordinate = Annotated[float, Meta(ge=-1e7, le=1e7)]
ClockTime = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-9]|3[0-5]):[0-5][0-9](?!\n)$",
        description="Local time `HH:MM`. Up to 35:59: hours from 24 on are the next day's. "
        "An end that is not after its start is the first such time after it.",
    ),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ClubDefinition(Request, kw_only=True):
    """Body of `PUT /v1/clubs/{club}`."""

    name: Annotated[str, Meta(max_length=200)] = ""


class Club(Wire, kw_only=True):
    club_id: str
    name: str
    created_at: Timestamp


class ClubPage(Wire, kw_only=True):
    items: list[Club]
    next_page_token: str | None = None


class Deposit(Request, kw_only=True):
    """What is asked before a booking counts as paid: `fixed` minor units for each booking,
    `per_section` minor units for each section, or `percent` (0 to 100) of the total."""

    type: Literal["fixed", "per_section", "percent"] = "fixed"
    amount: Annotated[int, Meta(ge=0, le=10**10)] = 0


class Compensation(Request, kw_only=True):
    """What a displaced or outvoted booking is offered, in minor units."""

    refund_deposit: bool = True
    credit_paid: Amount = 2500
    credit_standard: Amount = 1500
    credit_vip: Amount = 5000


class Policy(Request, kw_only=True):
    """The rules of a venue. Times are in the unit that the name ends with."""

    public_read: bool = True
    hold_ttl_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 300
    max_ttl_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 900
    max_hold_seconds: Annotated[int, Meta(ge=1, le=7 * 86_400)] = 1800
    """From the first hold of a section by a customer, extensions and holding it again included."""
    rehold_after_seconds: Annotated[int, Meta(ge=0, le=MOST_REHOLD_SECONDS)] = 60
    """Whoever has left a section alone for so long may hold it as if for the first time."""
    max_sections_per_hold: Annotated[int, Meta(ge=1, le=50)] = 50
    max_active_holds_per_customer: Annotated[int, Meta(ge=1, le=1000)] | None = None
    max_tables_per_customer_per_date: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Tables, sections and pools, and seats' tables; holds count."""
    requires_approval: bool = False
    approval_ttl_seconds: Annotated[int, Meta(ge=1, le=90 * 86_400)] = 86_400
    deposit: Deposit | None = None
    split_capacity: bool = False
    """Capacity above 1 is always shared, by `quantities`. With this, its units are chairs: a party that
    names one section or pool with room for many (and no `partyMax` on a section), and no quantity, takes one
    for each of its people; without, one in all."""
    booking_horizon_days: Annotated[int, Meta(ge=0, le=3660)] = 400
    min_lead_minutes: Annotated[int, Meta(ge=0, le=525_600)] = 0
    """Customers may book until so long before the start; with 0 until the slot ends."""
    cancel_until_minutes: Annotated[int, Meta(ge=0, le=525_600)] = 0
    """A customer may cancel until so long before the start."""
    waitlist_offer_ttl_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 600
    guest_checkout: bool = False
    compensation: Compensation = field(default_factory=Compensation)
    orphan_seats: bool = True
    """Whether best-available may leave single free seats behind."""
    alternative_discount_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    """Incentive for taking another slot or date than the one asked for, off its price."""


class SlotException(Request, kw_only=True):
    """One service date on which a slot differs."""

    date: Date
    closed: bool = False
    start: ClockTime | None = None
    end: ClockTime | None = None
    prices: dict[Id, Amount] = field(default_factory=dict)
    """Amount by section id or category id."""


class Slot(Request, kw_only=True):
    """A named time window on a service date; no `days` means every day."""

    slot_id: Id
    name: Annotated[str, Meta(max_length=200)] = ""
    start: ClockTime
    end: ClockTime
    days: list[Weekday] | None = None
    valid_from: Date | None = None
    valid_to: Date | None = None
    exceptions: Annotated[list[SlotException], Meta(max_length=2000)] = field(default_factory=list)
    section_ids: list[Id] | None = None
    """Only these sections take part in the slot; none given means all."""
    prices: dict[Id, Amount] = field(default_factory=dict)
    """Amount by section id or category id."""


class Category(Request, kw_only=True):
    category_id: Id
    name: Annotated[str, Meta(max_length=200)] = ""
    color: Annotated[str, Meta(max_length=32)] = ""
    price: Amount = 0


class Section(Request, kw_only=True):
    """A bookable unit with its place on the canvas (`x`, `y`: top left; rotation in degrees)."""

    section_id: Id
    name: Annotated[str, Meta(max_length=200)] = ""
    kind: SectionKind = SectionKind.SECTION
    parent_id: Id | None = None
    """A seat's table."""
    capacity: Quantity = 1
    """How many claims of quantity 1 it takes; a table with seats has its seats' sum instead."""
    party_min: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    party_max: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    category_id: Id | None = None
    price: Amount | None = None
    features: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=64)] = field(
        default_factory=list
    )
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    width: Coordinate = 0.0
    height: Coordinate = 0.0
    rotation: Coordinate = 0.0
    row_label: Annotated[str, Meta(max_length=64)] | None = None
    seat_number: int | None = None
    shape: Annotated[str, Meta(max_length=64)] | None = None


class VenueDefinition(Request, kw_only=True):
    """Body of `PUT …/venues/{venue}`. Only ids, slots and sections are required.

    Price precedence: exception, slot, section, category; a table costs its own price, else the sum
    of its seats.
    """

    name: Annotated[str, Meta(max_length=200)] = ""
    timezone: Annotated[str, Meta(max_length=64, description="IANA name.")] = "UTC"
    currency: Currency = "GBP"
    policy: Policy = field(default_factory=Policy)
    canvas_w: Coordinate = 0.0
    canvas_h: Coordinate = 0.0
    slots: Annotated[list[Slot], Meta(min_length=1, max_length=MAX_SLOTS)]
    categories: Annotated[list[Category], Meta(max_length=1000)] = field(default_factory=list)
    sections: Annotated[list[Section], Meta(min_length=1, max_length=MAX_SECTIONS)]


class VenueBody(VenueDefinition, kw_only=True):
    """Body of `PUT …/venues/{venue}`: a definition, which may be a venue as it was read. What the
    server itself puts there is not looked at."""

    club_id: str = ""
    venue_id: str = ""
    revision: int = 0
    layout_version: int = 0
    updated_at: str = ""


class Venue(Wire, kw_only=True):
    """A venue as stored: `revision` counts changes of any kind (its `ETag`), `layoutVersion`
    changes of the sections."""

    club_id: str
    venue_id: str
    revision: int
    layout_version: int
    updated_at: Timestamp
    name: str
    timezone: str
    currency: str
    policy: Policy
    canvas_w: float
    canvas_h: float
    slots: list[Slot]
    categories: list[Category]
    sections: list[Section]


class VenueListing(Wire, kw_only=True):
    club_id: str
    venue_id: str
    name: str
    timezone: str
    layout_version: int


class VenuePage(Wire, kw_only=True):
    items: list[VenueListing]
    next_page_token: str | None = None


class Layout(Wire, kw_only=True):
    """Geometry of one layout version. Immutable, so that it may be cached for ever."""

    club_id: str
    venue_id: str
    layout_version: int
    canvas_w: float
    canvas_h: float
    categories: list[Category]
    sections: list[Section]


class ViewportSection(Wire, kw_only=True):
    """A section of a viewport with its state on one channel."""

    section: Section
    state: str
    """`SectionState` for staff, `PublicState` for everybody else."""
    available: int


class LayoutViewport(Wire, kw_only=True):
    """`GET …/layout?x&y&width&height&date&slotId`."""

    layout_version: int
    version: int
    sections: list[ViewportSection]
    counts: dict[str, int]
    """Sections in the viewport by state."""


class VenueRecord(Wire, kw_only=True):
    """Value in the `VENUES` bucket: what a gateway needs to know of a venue."""

    club_id: str
    venue_id: str
    name: str
    timezone: str
    public_read: bool
    revision: int
    layout_version: int
    slots: list[Slot]
    booking_horizon_days: int | None = None
    """None in records from before there was one."""
