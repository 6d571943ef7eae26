"""A new booking: what is asked before it, whether it waits for approval, its record and claims."""

from __future__ import annotations

import msgspec
from msgspec import field

from command_api.domain.bookings.booking import cause_of
from command_api.domain.commands import Asker
from command_api.domain.decision import Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause
from command_api.domain.holds.asked import invalid
from command_api.domain.model import Day
from command_api.domain.records import BookingRecord, Transaction
from command_api.domain.times import later
from holdfast.contracts.bookings import ConfirmRequest, Payment
from holdfast.contracts.holds import Item
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import (
    ActorType,
    BookingStatus,
    ClaimKind,
    PaymentStatus,
    Reason,
)
from holdfast.contracts.venues import Policy


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What is booked, and what signed events say was paid for it before."""

    customer_id: str | None
    claims: dict[str, int]
    items: list[Item]
    party_size: int | None
    total_amount: int
    deposit_amount: int
    currency: str
    hold_id: str | None = None
    series_id: str | None = None
    payment: Payment | None = None
    paid_amount: int = 0
    transactions: dict[str, Transaction] = field(default_factory=dict)


def check_contact(asker: Asker, request: ConfirmRequest) -> Rejection | None:
    """Whoever books for themselves leaves a contact; a guest whom staff let in need not."""
    if request.contact is None and not asker.is_staff:
        return invalid("contact", "a booking needs a contact")
    return None


def check_deposit(asker: Asker, deposit: int, paid: int, currency: str) -> Rejection | None:
    """Customers pay it first, by a signed event; staff may do without."""
    if asker.is_staff or paid >= deposit:
        return None
    facts = {"depositAmount": deposit, "currency": currency}
    if paid:
        facts["paidAmount"] = paid
    return Rejection(
        code=Code.PAYMENT_REQUIRED,
        detail="A deposit is to be paid first: hold the sections, pay for the hold, then confirm it.",
        facts=facts,
    )


def check_approval(policy: Policy, asker: Asker, day: Day, now: str) -> Rejection | None:
    """There is no waiting for approval once the slot has started."""
    if now < day.starts_at or not awaits_approval(policy, asker, day, now):
        return None
    return Rejection(
        code=Code.SLOT_CLOSED,
        detail=f"Bookings here are approved before the slot starts; it started at {day.starts_at}.",
        valid_from=day.starts_at,
    )


def awaits_approval(policy: Policy, asker: Asker, day: Day, now: str) -> bool:
    """Where the policy asks for approval: of whoever may not approve themselves. Not of staff at the
    door, once the slot has started; of kiosks still, which stand among the guests."""
    if not policy.requires_approval or asker.may_manage:
        return False
    at_the_door = asker.is_staff and asker.actor.type is not ActorType.KIOSK
    return not (at_the_door and now >= day.starts_at)


def approval_deadline(policy: Policy, starts_at: str, now: str) -> str:
    """`approvalTtlSeconds` from now, and never later than the start."""
    return min(later(now, policy.approval_ttl_seconds), starts_at)


def new_booking(
    draft: Draft,
    asker: Asker,
    request: ConfirmRequest,
    basis: Basis,
    day: Day,
    *,
    booking_id: str,
    reference: str,
) -> BookingRecord:
    """The record; `version` is to be set once its step was taken."""
    key, now, policy = draft.state.key, draft.now, draft.venue.policy
    pending = awaits_approval(policy, asker, day, now)
    if policy.requires_approval:
        started = now >= day.starts_at
        draft.relies_on_past(day.starts_at if started else None)
        draft.relies_on_future(None if started else day.starts_at)
    return BookingRecord(
        id=booking_id,
        club=key.club,
        venue=key.venue,
        date=key.date,
        slot=key.slot,
        customer_id=basis.customer_id,
        actor=asker.actor,
        created_at=now,
        updated_at=now,
        revision=1,
        version=draft.version,
        status=BookingStatus.PENDING_APPROVAL if pending else BookingStatus.CONFIRMED,
        reference=reference,
        hold_id=basis.hold_id,
        series_id=basis.series_id,
        claims=basis.claims,
        items=basis.items,
        party_size=basis.party_size,
        total_amount=basis.total_amount,
        deposit_amount=basis.deposit_amount,
        currency=basis.currency,
        payment_status=_payment_status(asker, request, basis),
        payment=basis.payment or request.payment,
        contact=request.contact,
        notes=request.notes,
        special_requests=request.special_requests,
        metadata=request.metadata,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        approval_expires_at=approval_deadline(policy, day.starts_at, now) if pending else None,
        tier=asker.tier,
        paid_amount=basis.paid_amount,
        transactions=basis.transactions,
    )


def _payment_status(asker: Asker, request: ConfirmRequest, basis: Basis) -> PaymentStatus:
    """A customer's word is a reference only; staff and services are believed."""
    if basis.paid_amount > 0:
        return PaymentStatus.PAID
    if request.payment is None:
        return PaymentStatus.NONE
    return PaymentStatus.PAID if asker.is_staff else PaymentStatus.REFERENCED


def is_pending(booking: BookingRecord) -> bool:
    return booking.status is BookingStatus.PENDING_APPROVAL


def claim_of(booking: BookingRecord, section_id: str, amount: int | None) -> Claim:
    """The booking's claim on one of its sections, at that price."""
    return Claim(
        claim_id=booking.id,
        kind=ClaimKind.PENDING if is_pending(booking) else ClaimKind.CONFIRMED,
        quantity=booking.claims[section_id],
        customer_id=booking.customer_id,
        actor=booking.actor,
        since=booking.created_at,
        expires_at=booking.approval_expires_at,
        amount=amount,
    )


def cause_of_new(booking: BookingRecord) -> Cause:
    reason = Reason.BOOKING_REQUESTED if is_pending(booking) else Reason.BOOKING_CONFIRMED
    return cause_of(reason, booking.actor, booking)


def notice_of_new(booking: BookingRecord) -> NoticeType:
    return NoticeType.BOOKING_REQUESTED if is_pending(booking) else NoticeType.BOOKING_CONFIRMED
