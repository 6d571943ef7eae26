"""Bookings: requests, confirmations, changes, series, imports, conflicts."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from holdfast.contracts.holds import Item, PartySize, SectionIds
from holdfast.contracts.ids import Amount, Date, Id, Quantity, Timestamp
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, PaymentStatus
from holdfast.contracts.venues import Weekday
from holdfast.contracts.wire import Request, Wire

MAX_DATES = 366
"""Of one series."""

Text = Annotated[str, Meta(max_length=2000)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], str | int | float | bool | None], Meta(max_length=50)
]


class Contact(Request, kw_only=True):
    """Personal data: kept in the record, never in an event."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    email: Annotated[str, Meta(max_length=320)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None


class Payment(Request, kw_only=True):
    """A reference to a payment; from a customer it proves nothing."""

    method: Annotated[str, Meta(max_length=40)]
    transaction_id: Annotated[str, Meta(max_length=200)] | None = None
    gateway: Annotated[str, Meta(max_length=64)] | None = None


class ConfirmRequest(Request, kw_only=True):
    """Body of `POST …/holds/{id}/confirm`."""

    contact: Contact | None = None
    payment: Payment | None = None
    party_size: PartySize | None = None
    notes: Text | None = None
    special_requests: Text | None = None
    metadata: Metadata = field(default_factory=dict)


class BookingRequest(ConfirmRequest, kw_only=True):
    """Body of `POST …/bookings`: a one-step request or a staff walk-in."""

    date: Date
    slot_id: Id
    section_ids: SectionIds
    quantities: dict[Id, Quantity] = field(default_factory=dict)
    customer_id: Id | None = None


class BookingChange(Request, kw_only=True):
    """Body of `PATCH …/bookings/{id}`; what is not given, or null, stays. An empty text and empty
    metadata take away what was there."""

    contact: Contact | None = None
    party_size: PartySize | None = None
    notes: Text | None = None
    special_requests: Text | None = None
    metadata: Metadata | None = None


class TransitionRequest(Request, kw_only=True):
    """Body of approve, decline, cancel, check-in, complete, no-show; may be empty. `reason` becomes the
    booking's `statusReason`, which its customer reads; no personal data belongs in there."""

    reason: Annotated[str, Meta(max_length=500)] | None = None


class RescheduleRequest(Request, kw_only=True):
    """Body of `POST …/bookings/{id}/reschedule`. Without `sectionIds` they stay the same; one that the
    booking has already keeps its quantity where `quantities` has no other. `reason` becomes the booking's
    `statusReason`, which its customer reads."""

    date: Date
    slot_id: Id
    section_ids: SectionIds | None = None
    quantities: dict[Id, Quantity] = field(default_factory=dict)
    reason: Annotated[str, Meta(max_length=500)] | None = None


class Booking(Wire, kw_only=True):
    """A booking; also the answer to every change of it."""

    booking_id: str
    reference: str
    status: BookingStatus
    hold_id: str | None
    series_id: str | None
    customer_id: str | None
    section_ids: list[str]
    items: list[Item]
    party_size: int | None
    total_amount: int
    deposit_amount: int
    currency: str
    payment_status: PaymentStatus
    payment: Payment | None
    contact: Contact | None
    notes: str | None
    special_requests: str | None
    metadata: dict[str, Any]
    date: str
    slot_id: str
    starts_at: Timestamp
    ends_at: Timestamp
    approval_expires_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    server_time: Timestamp
    revision: int
    channel: str
    version: int
    paid_amount: int = 0
    """Minor units known to be paid: by signed events, without what was refunded. `paymentStatus` can
    be `paid` without it, where staff or a service said so and no amount."""
    external_id: str | None = None
    """Where it was made elsewhere: its id there."""
    conflict_id: str | None = None
    """The conflict that it is or was in."""
    status_reason: str | None = None
    """Why it came to its status, in the words of whoever brought it there."""
    compensation: CompensationOffer | None = None
    """What it is offered because it lost its sections to something else."""


class BookingPage(Wire, kw_only=True):
    items: list[Booking]
    next_page_token: str | None = None


class Recurrence(Request, kw_only=True):
    """Dates of a weekly series, `from` and `until` included. Every so many weeks, counted from that of
    `from` (weeks begin on Monday); `except` leaves dates out, whether they are among them or not."""

    from_: Date = field(name="from")
    until: Date
    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7)]
    every_weeks: Annotated[int, Meta(ge=1, le=52)] = 1
    except_: Annotated[list[Date], Meta(max_length=366)] = field(
        name="except", default_factory=list
    )


class SeriesRequest(ConfirmRequest, kw_only=True):
    """Body of `POST …/booking-series`: the same slot and sections on several dates, by either `dates`
    or `recurrence`; 366 at most. With `allOrNothing` one date that cannot be booked refuses all."""

    dates: Annotated[list[Date], Meta(min_length=1, max_length=MAX_DATES)] | None = None
    recurrence: Recurrence | None = None
    slot_id: Id
    section_ids: SectionIds
    quantities: dict[Id, Quantity] = field(default_factory=dict)
    customer_id: Id | None = None
    all_or_nothing: bool = False


class ItemResult(Wire, kw_only=True):
    """The outcome of one item of a series or an import: a booking, or a code."""

    index: int
    date: str
    booking_id: str | None
    conflict_id: str | None = None
    code: Code | None = None
    detail: str | None = None


class SeriesResult(Wire, kw_only=True):
    """What became of each date; also the answer to cancelling a series, of its bookings to come: those
    with a `code` stayed as they were. Where nothing was booked, the problem has the same `items`."""

    series_id: str
    items: list[ItemResult]


class ImportItem(BookingRequest, kw_only=True):
    """A booking that was made elsewhere at `createdAt`, which must not be more than five minutes ahead
    of the server's clock."""

    external_id: Annotated[str, Meta(min_length=1, max_length=200)]
    created_at: Timestamp
    paid: bool = False
    tier: Annotated[str, Meta(max_length=32)] | None = None


class ImportRequest(Request, kw_only=True):
    items: Annotated[list[ImportItem], Meta(min_length=1, max_length=1000)]


class ImportResult(Wire, kw_only=True):
    items: list[ItemResult]


class CompensationOffer(Wire, kw_only=True):
    refund_amount: Amount = 0
    credit_amount: Amount = 0
    priority: bool = False
