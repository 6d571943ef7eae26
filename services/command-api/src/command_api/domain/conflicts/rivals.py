"""Rivals: who has what a booking wants, and who of them comes first.

By rule: guests who are there already, then who paid, then who booked earlier (elsewhere or here), then
VIPs; where all that is equal, who has it keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field

from command_api.domain.blocks.waiting import is_awaited
from command_api.domain.draft.claims import count, left_of, tally_of
from command_api.domain.draft.draft import Draft
from command_api.domain.holds.expiry import make_room
from command_api.domain.model import Unit
from command_api.domain.payments.compensation import is_vip
from command_api.domain.records import ACTIVE_BOOKINGS, BookingRecord
from command_api.domain.times import latest
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import BookingStatus, ClaimKind, PaymentStatus

Rank = tuple[bool, bool, str, bool, bool, str]


class Rivals(msgspec.Struct):
    """What is in the way of a booking. `standing`: all bookings on the contested sections; `losers`:
    as few of them as would have to go, the weakest. `blocked`, `held`: contested sections that would
    not be free even then (also for a block that waits)."""

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
    for unit in make_room(draft, wanted):
        section_id = unit.section.section_id
        rivals.sections.append(section_id)
        first = draft.first_end(unit)
        draft.relies_on_future(None if first is None else first.at)
        _contest(draft, rivals, unit, wanted[section_id])
    return rivals


def _contest(draft: Draft, rivals: Rivals, unit: Unit, quantity: int) -> None:
    """Take the weakest out, one after another, until there is room."""
    section_id = unit.section.section_id
    claims = list(draft.claims(section_id))
    tally = tally_of(claims)
    there: list[tuple[BookingRecord, Claim]] = []
    for claim in claims:
        booking = _booking_of(draft, claim)
        if booking is None:
            continue
        rivals.standing[booking.id] = booking
        if booking.id in rivals.losers:
            count(tally, claim, -1)
        else:
            there.append((booking, claim))
    if tally.blocks or is_awaited(draft, section_id):
        rivals.blocked.append(section_id)
        return
    there.sort(key=lambda pair: rank(pair[0]))
    while there and left_of(tally, unit.total, draft.crowd) < quantity:
        booking, claim = there.pop()
        rivals.losers[booking.id] = booking
        count(tally, claim, -1)
    if left_of(tally, unit.total, draft.crowd) < quantity:
        rivals.held.append(section_id)
        ends = [c.expires_at for c in claims if c.kind is ClaimKind.HOLD and c.expires_at]
        rivals.held_until = latest(rivals.held_until, max(ends, default=None))


def _booking_of(draft: Draft, claim: Claim) -> BookingRecord | None:
    """The booking behind a claim, in whichever channel it is."""
    if claim.kind not in (ClaimKind.PENDING, ClaimKind.CONFIRMED):
        return None
    record = draft.home_of(claim).record(claim.claim_id)
    if isinstance(record, BookingRecord) and record.status in ACTIVE_BOOKINGS:
        return record
    return None
