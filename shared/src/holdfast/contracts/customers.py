"""Customers: guest sessions, erasure of personal data."""

from __future__ import annotations

from holdfast.contracts.ids import Id, Timestamp
from holdfast.contracts.wire import Request, Wire


class GuestSessionRequest(Request, kw_only=True):
    """Body of `POST …/guest-sessions`; may be empty. The policy `guestCheckout` of the venue decides,
    or of any venue of the club where none is named; a guest may book where it lets them."""

    venue_id: Id | None = None


class GuestSession(Wire, kw_only=True):
    """A customer's token for somebody without an account, of this club alone."""

    token: str
    customer_id: str
    expires_at: Timestamp


class Erasure(Wire, kw_only=True):
    """What was erased: contact, notes, special requests and metadata of the customer's bookings.
    Events, figures, references, payment references and the pseudonymous `customerId` stay."""

    customer_id: str
    erased_booking_ids: list[str]
    """Those that still had personal data; none when asked again."""
    active_booking_ids: list[str]
    """Bookings still to come, which nobody can be reached about any more."""
