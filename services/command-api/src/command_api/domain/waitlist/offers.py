"""Offers: the entry that one is to, and what becomes of it.

An offer is a hold like any other, of the entry's customer; what becomes of the hold becomes of the entry.
`serving` makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from command_api.domain.draft.step import Cause
from command_api.domain.model import Day
from command_api.domain.records import EntryRecord, HoldRecord
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.states import ActorType, HoldStatus, Reason, WaitlistStatus

if TYPE_CHECKING:
    from command_api.domain.draft.draft import Draft

_REASONS = {
    Reason.HOLD_EXPIRED: Reason.OFFER_EXPIRED,
    Reason.HOLD_RELEASED: Reason.OFFER_DECLINED,
    Reason.BOOKING_CONFIRMED: Reason.OFFER_ACCEPTED,
    Reason.BOOKING_REQUESTED: Reason.OFFER_ACCEPTED,
}
_TAKEN_AWAY = frozenset({Reason.BLOCK_CREATED, Reason.BOOKING_DISPLACED})
"""Not the customer's doing: the entry waits again, at its place."""
_PREFIX = "hld_"


def reason_of(hold: HoldRecord, reason: Reason) -> Reason:
    """`reason` as the events of this hold say it: of an offer, that it is one."""
    return reason if hold.entry_id is None else _REASONS.get(reason, reason)


def offer_id(entry: EntryRecord) -> str:
    """The id of the entry's next offer, which is its hold's. The rules draw no chance: another replica
    that offers the same place comes to the same id."""
    return f"{_PREFIX}{entry.id}_{entry.offers + 1}"


def was_offered(entry: EntryRecord, offer: str) -> bool:
    """Whether the offer is or was one to this entry."""
    return any(offer == f"{_PREFIX}{entry.id}_{n}" for n in range(1, entry.offers + 1))


def entry_of(offer: str) -> str | None:
    """The id of the entry that an offer is to, where this is the id of one."""
    entry, mark, number = offer.removeprefix(_PREFIX).rpartition("_")
    is_one = offer.startswith(_PREFIX) and mark and entry and number.isascii() and number.isdigit()
    return entry if is_one else None


def waiting_in(draft: Draft) -> list[EntryRecord]:
    """Those who wait in the channel, in their order, as the draft has them."""
    entries = draft.state.entries | {
        record.id: record for record in draft.records.values() if isinstance(record, EntryRecord)
    }
    waiting = [entry for entry in entries.values() if entry.status is WaitlistStatus.WAITING]
    waiting.sort(key=place_of)
    return waiting


def place_of(entry: EntryRecord) -> tuple[str, int, str]:
    """Lower is earlier, over overlapping channels too."""
    return entry.created_at, entry.place, entry.id


def closing_of(day: Day, entry: EntryRecord) -> str:
    """Until when the entry can be served: who joined by themselves books as customers do, whom staff
    put on the list until the slot ends."""
    return day.closes_at if entry.actor.type is ActorType.CUSTOMER else day.ends_at


def changed(
    draft: Draft, entry: EntryRecord, status: WaitlistStatus, **changes: object
) -> EntryRecord:
    """The entry's next value."""
    return msgspec.structs.replace(
        entry,
        status=status,
        updated_at=draft.now,
        revision=entry.revision + 1,
        version=draft.version,
        **changes,
    )


def follow(draft: Draft, before: HoldRecord, hold: HoldRecord, cause: Cause) -> None:
    """What became of an offer's hold becomes of its entry. A hold that stays active and is an offer no
    more was paid for: that is how it was accepted. Of an earlier offer (money may still come for it) the
    entry hears nothing."""
    entry = draft.record(before.entry_id or "")
    if not isinstance(entry, EntryRecord) or entry.status is not WaitlistStatus.OFFERED:
        return
    if entry.hold_id != before.id:
        return
    match hold.status:
        case HoldStatus.ACTIVE if hold.entry_id is not None:
            return
        case HoldStatus.ACTIVE | HoldStatus.CONFIRMED:
            accepted = changed(draft, entry, WaitlistStatus.ACCEPTED, booking_id=hold.booking_id)
            draft.save(accepted, NoticeType.WAITLIST_ACCEPTED, cause)
        case HoldStatus.EXPIRED:
            expired = changed(draft, entry, WaitlistStatus.EXPIRED)
            draft.save(expired, NoticeType.WAITLIST_EXPIRED, cause)
        case _ if cause.reason in _TAKEN_AWAY:
            again = changed(
                draft, entry, WaitlistStatus.WAITING, hold_id=None, offer_expires_at=None
            )
            draft.save(again, NoticeType.WAITLIST_JOINED, cause)
            draft.freed.update(dict.fromkeys(draft.venue.units))  # what was free may be for them
        case _:
            declined = changed(draft, entry, WaitlistStatus.DECLINED)
            draft.save(declined, NoticeType.WAITLIST_DECLINED, cause)
