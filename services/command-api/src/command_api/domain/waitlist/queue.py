"""The queue of a channel as people see it: who is where, and how long it may take.

`estimatedMinutes` is an estimate and no promise: the minutes until so many claims end by the clock (holds,
and requests that wait for approval) as the entry is far back in the queue: the first in the queue looks at
the claim that ends first. It takes all of them to end unconfirmed, and what they leave to fit; who cancels
or is confirmed is not foreseen. Null where too few claims end by the clock before the slot can be booked
no more."""

from __future__ import annotations

from collections.abc import Iterable

from command_api.domain.model import Venue
from command_api.domain.records import EntryRecord, HoldRecord
from command_api.domain.venue.days import day_of
from command_api.domain.waitlist.offers import closing_of, place_of
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.states import WaitlistStatus
from holdfast.contracts.waitlist import Offer, WaitlistEntry

_MINUTE = 60_000


def position_of(entry: EntryRecord, entries: Iterable[EntryRecord]) -> int | None:
    """1 is next; None where the entry waits no more. `entries`: of its channel, in any order."""
    if entry.status is not WaitlistStatus.WAITING:
        return None
    place = place_of(entry)
    return 1 + sum(
        other.status is WaitlistStatus.WAITING and place_of(other) < place for other in entries
    )


def ends_of(claims: Iterable[Claim]) -> list[str]:
    """When claims end by the clock, one moment for each record behind them, the first one first."""
    ends: dict[str, str] = {}
    for claim in claims:
        if claim.expires_at is not None:
            ends[claim.claim_id] = claim.expires_at
    return sorted(ends.values())


def estimate(
    venue: Venue, entry: EntryRecord, position: int | None, ends: list[str], now: str
) -> int | None:
    """Minutes, rounded up."""
    if position is None or position > len(ends):
        return None
    day, end = day_of(venue, entry.date, entry.slot), ends[position - 1]
    if day is None or end >= closing_of(day, entry):
        return None
    return max(0, -((epoch_ms(now) - epoch_ms(end)) // _MINUTE))


def entry_answer(
    entry: EntryRecord,
    hold: HoldRecord | None = None,
    *,
    position: int | None = None,
    minutes: int | None = None,
) -> WaitlistEntry:
    """The contract's form. `hold`: of its open offer."""
    offer = None
    if entry.status is WaitlistStatus.OFFERED and hold is not None and hold.id == entry.hold_id:
        offer = Offer(
            offer_id=hold.id,
            hold_id=hold.id,
            section_ids=list(hold.claims),
            expires_at=hold.expires_at,
            party_size=hold.party_size,
            total_amount=hold.total_amount,
            deposit_amount=hold.deposit_amount,
            currency=hold.currency,
        )
    return WaitlistEntry(
        entry_id=entry.id,
        status=entry.status,
        customer_id=entry.customer_id,
        party_size=entry.party_size,
        category_ids=entry.category_ids,
        position=position,
        estimated_minutes=minutes,
        offer=offer,
        booking_id=entry.booking_id,
        date=entry.date,
        slot_id=entry.slot,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        channel=entry.channel.name,
        version=entry.version,
    )
