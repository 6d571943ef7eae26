"""Imports: bookings that were made elsewhere, in another system or on a kiosk without a line.

What was decided there stands: no horizon, no lead time, no limits of customers or parties, no approval.
Free, it is confirmed. Taken by other bookings, or held at the moment, it is kept as `conflicted` with
an open conflict, until somebody resolves that. Blocked sections, sections and slots that are not there,
nights that are closed or long over, and what says it was made in the future, are refused.
"""

from __future__ import annotations

import hashlib

import msgspec

from command_api.domain.bookings.booking import cause_of
from command_api.domain.bookings.new_booking import Basis, claim_of, new_booking
from command_api.domain.commands import ImportBooking
from command_api.domain.conflicts.rivals import Rivals, rivals_of
from command_api.domain.decision import Decision, Rejection
from command_api.domain.draft.draft import Draft
from command_api.domain.draft.step import Cause, Change
from command_api.domain.holds.asked import Asked, invalid, look_up
from command_api.domain.model import Day, Scope
from command_api.domain.payments.compensation import conflict_record
from command_api.domain.records import BookingRecord, Record
from command_api.domain.times import later
from command_api.domain.venue.days import day_of, no_slot
from command_api.domain.venue.pricing import Quote, quote
from holdfast.contracts.bookings import ImportItem, ItemResult
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import BookingStatus, PaymentStatus, Reason

KEPT_DAYS = 30
"""So long after its end a night is taken in still; ended records are kept as long."""

CLOCK_AHEAD_SECONDS = 300
"""So far may a clock elsewhere be ahead of ours; the booking was made now, then."""

_encode = msgspec.json.Encoder(order="sorted").encode


def import_booking(scope: Scope, command: ImportBooking, now: str) -> Decision | Rejection:
    """Again the same answer, and nothing written, where it was imported before, whatever became of it
    since."""
    known = scope.channel.records.get(command.booking_id) or command.record
    if known is not None:
        return _again(scope, command, known, now)
    key, item = command.channel, command.item
    day = day_of(scope.venue, key.date, key.slot)
    if day is None:
        return no_slot(scope.venue, key.date, key.slot)
    asked = look_up(scope.venue, day, item.section_ids, item.quantities)
    if isinstance(asked, Rejection):
        return asked
    draft = Draft(scope, now)
    if denied := _check_made(draft, item) or _check_night(draft, day) or _check_size(draft, asked):
        return denied
    rivals = rivals_of(draft, asked.claims)
    if rivals.blocked:
        return Rejection(
            code=Code.BLOCK_CONFLICT,
            detail="Blocked: " + ", ".join(rivals.blocked[:5]) + ".",
            facts={"conflictingSections": rivals.blocked},
        )
    price = quote(scope.venue, day, asked.units)
    booking = _booking(draft, command, asked, price, day)
    if rivals.sections:
        return _contest(draft, command, booking, rivals)
    return _confirm(draft, command, booking, price)


def digest_of(item: ImportItem) -> str:
    """What is booked, and what decides between rivals. Without personal data, which may be corrected
    here and is erased with the record, and which no digest may outlive."""
    parts = (
        *(item.date, item.slot_id, item.section_ids, item.quantities, item.customer_id),
        *(item.party_size, item.created_at, item.paid, item.tier),
    )
    return hashlib.sha256(_encode(parts)).hexdigest()


def _again(scope: Scope, command: ImportBooking, known: Record, now: str) -> Decision | Rejection:
    if not isinstance(known, BookingRecord) or known.import_digest != digest_of(command.item):
        return Rejection(
            code=Code.IDEMPOTENCY_KEY_REUSED,
            detail=f"External id {command.item.external_id} was imported with other content.",
            facts={"bookingId": known.id},
        )
    return Draft(scope, now).close(_answer(known, command))


def _check_made(draft: Draft, item: ImportItem) -> Rejection | None:
    """Who comes first goes by it, so nobody was there before, or after, they told of it."""
    if item.created_at <= later(draft.now, CLOCK_AHEAD_SECONDS):
        return None
    denied = invalid("createdAt", f"it is {draft.now} now; this has not been made yet")
    denied.valid_until = later(item.created_at, -CLOCK_AHEAD_SECONDS)
    return denied


def _check_night(draft: Draft, day: Day) -> Rejection | None:
    slot_id = day.slot.slot_id
    if day.closed:
        return Rejection(code=Code.SLOT_CLOSED, detail=f"Slot {slot_id} is closed on that date.")
    over = later(day.ends_at, KEPT_DAYS * 86_400)
    if draft.now >= over:
        detail = f"Slot {slot_id} ended more than {KEPT_DAYS} days ago, at {day.ends_at}."
        return Rejection(code=Code.SLOT_CLOSED, detail=detail, valid_from=over)
    draft.relies_on_future(over)
    return None


def _check_size(draft: Draft, asked: Asked) -> Rejection | None:
    """Nobody has to go for what would not fit into an empty house."""
    for section_id, quantity in asked.claims.items():
        total = draft.unit(section_id).total
        if quantity > total:
            return Rejection(
                code=Code.CAPACITY_EXCEEDED,
                detail=f"Section {section_id} has {total} in all; {quantity} were booked.",
                facts={"sectionId": section_id, "requested": quantity, "available": total},
            )
    return None


def _booking(
    draft: Draft, command: ImportBooking, asked: Asked, price: Quote, day: Day
) -> BookingRecord:
    item = command.item
    basis = Basis(
        customer_id=item.customer_id,
        claims=asked.claims,
        items=price.items,
        party_size=item.party_size,
        total_amount=price.total,
        deposit_amount=price.deposit,
        currency=draft.venue.definition.currency,
    )
    unpaid = PaymentStatus.NONE if item.payment is None else PaymentStatus.REFERENCED
    return msgspec.structs.replace(
        new_booking(
            draft,
            command.asker,
            item,
            basis,
            day,
            booking_id=command.booking_id,
            reference=command.reference,
        ),
        status=BookingStatus.CONFIRMED,
        approval_expires_at=None,
        payment_status=PaymentStatus.PAID if item.paid else unpaid,
        tier=item.tier,
        external_id=item.external_id,
        made_at=min(item.created_at, draft.now),
        import_digest=digest_of(item),
    )


def _confirm(
    draft: Draft, command: ImportBooking, booking: BookingRecord, price: Quote
) -> Decision:
    cause = cause_of(Reason.BOOKING_IMPORTED, command.asker.actor, booking)
    draft.step(
        cause,
        [
            Change(section_id, None, claim_of(booking, section_id, price.amounts.get(section_id)))
            for section_id in booking.claims
        ],
    )
    booking.version = draft.version
    draft.save(booking, NoticeType.BOOKING_CONFIRMED, cause)
    return draft.close(_answer(booking, command), created=True)


def _contest(
    draft: Draft, command: ImportBooking, booking: BookingRecord, rivals: Rivals
) -> Decision:
    """Nobody loses anything yet. The conflict names those who would have to go, then the new one."""
    actor = command.asker.actor
    booking.status = BookingStatus.CONFLICTED
    booking.conflict_id = command.conflict_id
    booking.version = draft.version
    draft.save(
        booking,
        NoticeType.BOOKING_REQUESTED,
        cause_of(Reason.BOOKING_IMPORTED, actor, booking),
    )
    conflict = conflict_record(
        draft,
        command.conflict_id,
        actor,
        section_ids=rivals.sections,
        booking_ids=[*rivals.losers, booking.id],
    )
    draft.save(conflict, NoticeType.CONFLICT_OPENED, Cause(Reason.CONFLICT_OPENED, actor))
    return draft.close(_answer(booking, command), created=True)


def _answer(booking: BookingRecord, command: ImportBooking) -> ItemResult:
    """`index` is for the caller to say; a conflict that it was in later is none of the import's."""
    own = booking.conflict_id == command.conflict_id
    return ItemResult(
        index=0,
        date=command.item.date,
        booking_id=booking.id,
        conflict_id=command.conflict_id if own else None,
    )
