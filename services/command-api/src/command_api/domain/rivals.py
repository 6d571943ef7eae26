"""Rivals: who has what a booking wants, and who of them comes first.

By rule: guests who are there already, then who paid, then who booked earlier (elsewhere or here), then
VIPs; where all that is equal, who has it keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field

from command_api.domain.compensation import is_vip
from command_api.domain.draft import Draft
from command_api.domain.expiry import make_room
from command_api.domain.model import ACTIVE_BOOKINGS, BookingRecord, Unit
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import BookingStatus, ClaimKind, PaymentStatus

Rank = tuple[bool, bool, str, bool, bool, str]


class Rivals(msgspec.Struct):
    """What is in the way of a booking. `standing`: all bookings on the contested sections; `losers`:
    as few of them as would have to go, the weakest. `blocked`, `held`: contested sections that would
    not be free even then."""

    sections: list[str] = field(default_factory=list)
    standing: dict[str, BookingRecord] = field(default_factory=dict)
    losers: dict[str, BookingRecord] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    held_until: str | None = None


def rank(booking: BookingRecord) -> Rank:
    """The lowest comes first. Whoever was made elsewhere and waits here has nothing to keep."""
    return (
        booking.status is not BookingStatus.CHECKED_IN,
        booking.payment_status is not PaymentStatus.PAID,
        booking.made_at or booking.created_at,
        not is_vip(booking),
        booking.status is BookingStatus.CONFLICTED,
        booking.id,
    )


def rivals_of(draft: Draft, wanted: Mapping[str, int]) -> Rivals:
    """Of somebody without claims, who wants these units by section. What is due goes first; the
    outcome relies on it that the rest is there still."""
    rivals = Rivals()
    for section_id, quantity in wanted.items():
        unit = draft.unit(section_id)
        if make_room(draft, unit, quantity):
            continue
        rivals.sections.append(section_id)
        first = draft.first_end(unit)
        draft.relies_on_future(None if first is None else first.at)
        _contest(draft, rivals, unit, quantity)
    return rivals


def _contest(draft: Draft, rivals: Rivals, unit: Unit, quantity: int) -> None:
    section_id, claims = unit.section.section_id, list(draft.claims(unit.section.section_id))
    there: list[tuple[BookingRecord, int]] = []
    for claim in claims:
        if (booking := _booking_of(draft, claim)) is not None:
            rivals.standing[booking.id] = booking
            there.append((booking, claim.quantity))
    if any(claim.kind is ClaimKind.BLOCK for claim in claims):
        rivals.blocked.append(section_id)
    need = sum(claim.quantity for claim in claims) + quantity - unit.total
    need -= sum(count for booking, count in there if booking.id in rivals.losers)
    for booking, count in sorted(there, key=lambda pair: rank(pair[0]), reverse=True):
        if need > 0 and booking.id not in rivals.losers:
            rivals.losers[booking.id] = booking
            need -= count
    if need > 0 and section_id not in rivals.blocked:
        rivals.held.append(section_id)
        ends = [c.expires_at for c in claims if c.kind is ClaimKind.HOLD and c.expires_at]
        rivals.held_until = max([*ends, rivals.held_until or ""], default="") or None


def _booking_of(draft: Draft, claim: Claim) -> BookingRecord | None:
    """The booking behind a claim, in whichever channel it is."""
    if claim.kind not in (ClaimKind.PENDING, ClaimKind.CONFIRMED):
        return None
    record = draft.home_of(claim).record(claim.claim_id)
    if isinstance(record, BookingRecord) and record.status in ACTIVE_BOOKINGS:
        return record
    return None
